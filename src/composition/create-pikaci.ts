import { join, posix, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { problemPath } from '../adapters/cli/config/problem-path.js';
import { LocalShell } from '../adapters/local/shell.js';
import { FetchHttpClient } from '../adapters/node/fetch-http-client.js';
import { GitWorkspaceScanner } from '../adapters/node/git-workspace-scanner.js';
import { NodeFileStore } from '../adapters/node/node-file-store.js';
import { NodeLogReader } from '../adapters/node/node-log-reader.js';
import { NodeProcesses } from '../adapters/node/node-processes.js';
import { ownHome } from '../adapters/node/own-home.js';
import { SystemClock } from '../adapters/node/system-clock.js';
import type { Pikaci } from '../application/api/pikaci.js';
import { DEFAULT_PLACEMENT } from '../application/cluster/ask-placement.js';
import type { JobSettings } from '../application/settings/job-settings.js';
import {
  type IncusTransport,
  type PikaciConfig,
  type PikaciConfigInput,
  pikaciConfigSchema,
} from '../domain/config/config.js';
import { type ConfigFault, configFault } from '../domain/config/config-fault.js';
import { bytesOf } from '../domain/values/byte-size.js';
import { whyNoKey } from '../domain/values/proto-key.js';
import type { Tracer } from '../ports/tracer.js';
import type { Adapters } from './adapters.js';
import { configuredScanner } from './configured-scanner.js';
import { currentDirectory } from './current-directory.js';
import { hostAdapters } from './host-adapters.js';
import { answers, memberHost } from './member-host.js';
import { microvmSettings } from './microvm-settings-of.js';
import { shippedText } from './shipped-text.js';
import type { ReachMember, ServiceParts } from './wire-services.js';
import { WiredPikaci } from './wired-pikaci.js';

/** What surrounds a configuration: where its paths begin, and what replaces the outside. */
export interface CreatePikaciOptions {
  readonly adapters?: Adapters;
  /** What relative paths in the configuration are relative to; the working directory when left out. */
  readonly baseDir?: string;
  /** Files and folders that are no part of a workspace, as paths from its top (`/log.txt`), or as names at any depth. */
  readonly exclude?: readonly string[];
  /** Where `passphraseEnv` is looked up; the process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Wires one host. Makes no connection and reads no file but its own: what is wrong with the host shows in the first call,
 * what is wrong with the configuration shows here, with the path of each value.
 */
export function createPikaci(
  config: PikaciConfigInput,
  options: CreatePikaciOptions = {},
): Result<Pikaci, ConfigFault> {
  const unreadable = whyNoKey(config);
  if (unreadable !== null) {
    const { path, message } = unreadable;
    return err(configFault(null, [{ path: problemPath(path), message }]));
  }
  const parsed = pikaciConfigSchema.safeParse(config);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: problemPath(path),
      message,
    }));
    return err(configFault(null, problems));
  }
  const base = options.baseDir === undefined ? currentDirectory() : ok(options.baseDir);
  if (base.isErr()) return err(configFault(null, [{ path: 'baseDir', message: base.error }]));
  const baseDir = base.value;
  const path = (given: string) =>
    // Resolved also where it is absolute: with a slash at its end a link would be what it leads to.
    given.startsWith('~/') ? join(ownHome(), given.slice(2)) : resolve(baseDir, given);
  const env = options.env ?? process.env;
  const { adapters = {} } = options;
  const { shell, hostFiles, incus } = adapters;
  const host =
    shell === undefined || hostFiles === undefined || incus === undefined
      ? hostAdapters(parsed.data, { path, env })
      : { shell, hostFiles, incus, closing: [] };
  const closing: AsyncDisposable[] = [];
  const made = <T extends AsyncDisposable>(part: T): T => {
    closing.push(part);
    return part;
  };
  // The state of runs is no part of what is run.
  const exclude = ['.pikaci', ...(options.exclude ?? [])];
  const excludeDirectories = [path(parsed.data.stateRoot)];
  const parts: Omit<ServiceParts, 'tracer'> = {
    settings: jobSettings(parsed.data, path, env),
    parallelCreates: { parallelCreates: parsed.data.incus.parallelCreates },
    targets: { targets: parsed.data.targets, env },
    statuses: { http: adapters.http ?? new FetchHttpClient(), reports: parsed.data.report },
    shell: shell ?? host.shell,
    hostFiles: hostFiles ?? host.hostFiles,
    incus: incus ?? host.incus,
    localFiles: adapters.localFiles ?? new NodeFileStore(),
    logReader: adapters.logReader ?? new NodeLogReader(),
    scanner: configuredScanner(
      adapters.scanner ?? made(new GitWorkspaceScanner({ exclude, excludeDirectories })),
      { ...parsed.data.workspace, onlyReachable: parsed.data.trust === 'untrusted' },
    ),
    localShell: adapters.localShell ?? made(new LocalShell()),
    clock: adapters.clock ?? new SystemClock(),
    processes: adapters.processes ?? new NodeProcesses(),
    placement: adapters.placement ?? DEFAULT_PLACEMENT,
  };
  const { members, group } = parsed.data.incus.cluster;
  const isSpread = parsed.data.backend === 'incus' && (members ?? group) !== undefined;
  const reach: ReachMember | null = isSpread
    ? async (member, signal) => {
        const given = adapters.member?.(member.name);
        if (given !== undefined) return (await answers(given.shell, member.name, signal)).map(() => given);
        const there = await memberHost(parsed.data, { path, env }, member, signal);
        if (there.isErr()) return there;
        if (!isClosed) {
          memberClosing.push(...there.value.closing);
          return there;
        }
        // Nobody would close it any more.
        for (const part of there.value.closing) await part[Symbol.asyncDispose]();
        const message = `${member.name} was reached after this pikaci had been closed`;
        return err({ kind: 'cancelled', phase: null, host: member.name, message });
      }
    : null;
  const memberClosing: AsyncDisposable[] = [];
  let isClosed = false;
  return ok(
    new WiredPikaci({
      host: parts.shell,
      clock: parts.clock,
      // The services and the container that joins them are loaded with the first call.
      services: async () => {
        const [{ wireServices }, tracer] = await Promise.all([
          import('./wire-services.js'),
          adapters.tracer ?? otelTracer(env),
        ]);
        return wireServices({ ...parts, tracer }, reach);
      },
      closing: () => {
        isClosed = true;
        return [...memberClosing, ...closing, ...host.closing];
      },
    }),
  );
}

async function otelTracer(env: Readonly<Record<string, string | undefined>>): Promise<Tracer> {
  const { OtelTracer } = await import('../adapters/otel/otel-tracer.js');
  return new OtelTracer(env['TRACEPARENT']);
}

function jobSettings(
  config: PikaciConfig,
  path: (given: string) => string,
  env: Readonly<Record<string, string | undefined>>,
): JobSettings {
  const { incus } = config;
  const { ca, proxy, registries } = config.inherit;
  const inherits = config.trust !== 'untrusted';
  return {
    backend: config.backend,
    trust: config.trust,
    incusProject: incus.project,
    incusProfile: config.trust === 'untrusted' ? (incus.untrustedProfile ?? incus.profile) : incus.profile,
    incusImageAlias: incus.image,
    incusLimits: incus.limits,
    inherit: {
      // No secret: a machine that reaches the network is shown them.
      ca,
      proxy: inherits && proxy,
      registries: inherits && registries,
      environment: config.host === 'local' ? env : null,
    },
    warm:
      config.warm === undefined
        ? null
        : {
            size: config.warm.size,
            imageAlias: config.warm.image ?? incus.image,
            template: config.warm.template ?? null,
            instanceType: config.warm.instanceType,
            maxAgeMs: config.warm.maxAgeSecs * 1000,
          },
    serviceNetworks: incus.serviceNetworks,
    incusCapacity: config.backend === 'incus' ? (incus.capacity ?? null) : null,
    quotaWaitMs: incus.quotaWaitSecs * 1000,
    cluster: {
      member: incus.cluster.member ?? null,
      isOwnDaemon: incus.transport.via !== 'https',
      members: incus.cluster.members === 'all' ? null : (incus.cluster.members ?? null),
      group: incus.cluster.group ?? null,
    },
    incusHomes: incusHomes(incus.transport),
    supervisor:
      incus.supervisorPath === undefined
        ? { text: shippedText('guest/pikaci-incus-run') }
        : { path: incus.supervisorPath },
    microvm: microvmSettings(config),
    workDir: config.workDir,
    stateRoot: path(config.stateRoot),
    leaseMs: config.leaseSecs * 1000,
    reconnectMs: config.reconnectSecs * 1000,
    maxLogBytes: config.maxLogBytes,
    retention: {
      keepDays: config.retention.keepDays,
      keepBytes: config.retention.keepBytes === undefined ? null : bytesOf(config.retention.keepBytes),
    },
  };
}

/** Incus's own, and where its socket is: a daemon that is stopped may have taken the socket away. Over HTTPS it may be anywhere. */
function incusHomes(transport: IncusTransport): readonly string[] {
  const own = '/var/lib/incus';
  if (transport.via === 'https') return [];
  return transport.via === 'socket' ? [own, posix.dirname(transport.path)] : [own];
}
