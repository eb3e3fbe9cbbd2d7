import 'reflect-metadata';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { Container } from 'inversify';
import { err, ok, type Result } from 'neverthrow';
import { problemPath } from '../adapters/cli/config/problem-path.js';
import { LocalShell } from '../adapters/local/shell.js';
import { GitWorkspaceScanner } from '../adapters/node/git-workspace-scanner.js';
import { NodeFileStore } from '../adapters/node/node-file-store.js';
import { NodeProcesses } from '../adapters/node/node-processes.js';
import { SystemClock } from '../adapters/node/system-clock.js';
import type { Pikaci } from '../application/api/pikaci.js';
import { openShell } from '../application/job/open-shell.js';
import { listMachines } from '../application/open-machine/list-machines.js';
import type { JobSettings } from '../application/settings/job-settings.js';
import { type PikaciConfig, type PikaciConfigInput, pikaciConfigSchema } from '../domain/config/config.js';
import { type ConfigFault, configFault } from '../domain/config/config-fault.js';
import { bytesOf } from '../domain/values/byte-size.js';
import type { Adapters } from './adapters.js';
import { bindServices } from './bind-services.js';
import { hostAdapters } from './host-adapters.js';
import { ids } from './identifiers.js';
import { microvmSettings } from './microvm-settings-of.js';
import { shippedText } from './shipped-text.js';
import { WiredPikaci } from './wired-pikaci.js';

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
  const parsed = pikaciConfigSchema.safeParse(config);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: problemPath(path),
      message,
    }));
    return err(configFault(null, problems));
  }
  const baseDir = options.baseDir ?? process.cwd();
  const path = (given: string) =>
    isAbsolute(given)
      ? given
      : given.startsWith('~/')
        ? join(homedir(), given.slice(2))
        : resolve(baseDir, given);
  const { adapters = {} } = options;
  const container = new Container();
  const brought =
    adapters.shell !== undefined && adapters.hostFiles !== undefined && adapters.incus !== undefined;
  const host = brought ? null : hostAdapters(parsed.data, { path, env: options.env ?? process.env });
  const scanner =
    adapters.scanner === undefined
      ? new GitWorkspaceScanner({
          exclude: [...stateIn(baseDir, path(parsed.data.stateRoot)), ...(options.exclude ?? [])],
        })
      : null;

  const localShell = adapters.localShell === undefined ? new LocalShell() : null;

  const bind = <T>(id: (typeof ids)[keyof typeof ids], value: T | undefined) => {
    if (value === undefined) throw new Error(`nothing to bind to ${String(id)}`);
    container.bind<T>(id as never).toConstantValue(value);
  };
  bind(ids.settings, jobSettings(parsed.data, path));
  bind(ids.parallelCreates, { parallelCreates: parsed.data.incus.parallelCreates });
  bind(ids.shell, adapters.shell ?? host?.shell);
  bind(ids.localShell, adapters.localShell ?? localShell ?? undefined);
  bind(ids.targets, { targets: parsed.data.targets, env: options.env ?? process.env });
  bind(ids.hostFiles, adapters.hostFiles ?? host?.hostFiles);
  bind(ids.incus, adapters.incus ?? host?.incus);
  bind(ids.localFiles, adapters.localFiles ?? new NodeFileStore());
  bind(ids.scanner, adapters.scanner ?? scanner ?? undefined);
  bind(ids.clock, adapters.clock ?? new SystemClock());
  bind(ids.processes, adapters.processes ?? new NodeProcesses());
  bindServices(container);
  return ok(
    new WiredPikaci({
      host: container.get(ids.shell),
      runJob: container.get(ids.runJob),
      runTarget: container.get(ids.runTarget),
      localFiles: container.get(ids.localFiles),
      processes: container.get(ids.processes),
      stateRoot: container.get(ids.settings).stateRoot,
      openMachines: container.get(ids.openMachines),
      listMachines: (signal) =>
        listMachines(
          {
            localFiles: container.get(ids.localFiles),
            stateRoot: container.get(ids.settings).stateRoot,
            backends: container.get(ids.backends),
            host: container.get(ids.shell).host,
          },
          signal,
        ),
      attachJob: container.get(ids.attachJob),
      shell: (job, call) =>
        openShell(
          {
            ports: container.get(ids.ports),
            settings: container.get(ids.settings),
            backends: container.get(ids.backends),
          },
          job,
          call,
        ),
      reap: container.get(ids.reap),
      doctor: container.get(ids.doctor),
      clock: container.get(ids.clock),
      closing: [
        ...(scanner === null ? [] : [scanner]),
        ...(localShell === null ? [] : [localShell]),
        ...(host?.closing ?? []),
      ],
    }),
  );
}

function jobSettings(config: PikaciConfig, path: (given: string) => string): JobSettings {
  const { incus } = config;
  return {
    backend: config.backend,
    incusProject: incus.project,
    incusProfile: incus.profile,
    incusImageAlias: incus.image,
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

/** The state of runs is no part of what is run: `.pikaci` anywhere, and a state root of another name in the workspace. */
function stateIn(baseDir: string, stateRoot: string): string[] {
  const inside = relative(baseDir, stateRoot);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside)
    ? ['.pikaci']
    : ['.pikaci', `/${inside}`];
}
