import { err, ok, type Result } from 'neverthrow';
import { Doctor } from '../../../../src/application/doctor/doctor.js';
import { MicrovmHost } from '../../../../src/application/machine/microvm/microvm-host.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import type { IncusFault } from '../../../../src/ports/incus-fault.js';
import type {
  IncusConfig,
  IncusCreateInstance,
  IncusDevices,
  IncusServer,
} from '../../../../src/ports/incus-types.js';
import type { RemoteShell, ShellFault } from '../../../../src/ports/remote-shell.js';
import { HeldClock } from '../../../support/held-clock.js';

const never = () => new Promise<never>(() => undefined);
export const NOW = Date.parse('2026-11-23T16:45:01.250Z');

export const incusFault = (kind: IncusFault['kind']): IncusFault => ({
  kind,
  host: 'ci@box:22',
  tried: 'GET /x',
  status: null,
  message: 'no',
});

/** A host that is ready, but for what is said here. */
export interface Host {
  shellFault?: ShellFault;
  shellHangs?: boolean;
  /** Milliseconds that a command takes. */
  commandMs?: number;
  server?: Partial<IncusServer>;
  serverFault?: IncusFault;
  project?: IncusConfig | null;
  devices?: IncusDevices | null;
  image?: 'missing' | 'hangs';
  driver?: string;
  /** Of the pool. */
  poolConfig?: Record<string, string>;
  writable?: boolean;
  localWritable?: boolean;
  /** What `df` says of the work directory. */
  space?: string;
  /** What Incus says to the instance that mounts a file of the work directory. */
  mountFault?: IncusFault;
  /** Its instance cannot be removed. */
  removeFault?: IncusFault;
  backend?: 'incus' | 'microvm';
  runner?: string;
}

/** A directory tree that remembers what is in it; only what the doctor touches. */
function fakeFiles(host: string, writable: boolean) {
  const files = new Set<string>();
  const denied = (path: string) =>
    err({ kind: 'permission_denied' as const, host, path, operation: 'write', message: 'not yours' });
  const store: Partial<FileStore> = {
    host,
    makeDirectory: async () => ok(undefined),
    writeFile: async (path) => {
      if (!writable) return denied(path);
      files.add(path);
      return ok(undefined);
    },
    lstat: async () => ok({ type: 'file', size: 1, mode: 0o755, uid: 0, gid: 0, mtimeMs: 0 }),
    stat: async () => ok({ type: 'file', size: 1, mode: 0o755, uid: 0, gid: 0, mtimeMs: 0 }),
    readFile: async () => ok(new Uint8Array()),
    remove: async (path) => {
      files.delete(path);
      return ok(undefined);
    },
  };
  return { files, store: store as FileStore };
}

/** A doctor for such a host, and what a test looks at beside its report. */
export function examined(host: Host = {}) {
  const clock = new HeldClock(NOW);
  let askForImage: () => void = () => undefined;
  const imageAsked = new Promise<void>((resolve) => {
    askForImage = resolve;
  });
  const remote = fakeFiles('ci@box:22', host.writable ?? true);
  const local = fakeFiles('local', host.localWritable ?? true);
  const shell: Partial<RemoteShell> = {
    host: 'ci@box:22',
    spawn: async ({ argv }) => {
      if (host.shellHangs === true) return never();
      if (host.shellFault !== undefined) return err(host.shellFault);
      await clock.advance(host.commandMs ?? 0);
      return ok({
        output: (async function* () {
          if (!argv.includes('pikaci-space') || host.space === undefined) return;
          yield { stream: 'stdout' as const, data: Buffer.from(host.space) };
        })(),
        exit: Promise.resolve(ok({ code: 0, signal: null })),
        [Symbol.asyncDispose]: async () => undefined,
      });
    },
  };
  const found = <T>(value: T | null): Result<{ value: T; etag: string }, IncusFault> =>
    value === null ? err(incusFault('not_found')) : ok({ value, etag: '' });
  const server: IncusServer = {
    apiVersion: '1.0',
    serverVersion: '6.0.6',
    apiExtensions: ['instance_create_start'],
    auth: 'trusted',
    clustered: false,
    serverName: 'h',
    kernelVersion: '6.1',
    architectures: ['x86_64'],
    certificateFingerprint: 'f'.repeat(64),
    hostTimeMs: NOW,
    ...host.server,
  };
  const devices =
    host.devices === undefined ? { root: { type: 'disk', path: '/', pool: 'fast' } } : host.devices;
  const mounted: IncusCreateInstance[] = [];
  const removed: string[] = [];
  const incus: Partial<IncusApi> = {
    server: async () => (host.serverFault === undefined ? ok(server) : err(host.serverFault)),
    project: async (name) => found(host.project === null ? null : { name, config: host.project ?? {} }),
    profile: async (_project, name) => found(devices === null ? null : { name, config: {}, devices }),
    storagePool: async (name) => ok({ name, driver: host.driver ?? 'btrfs', config: host.poolConfig ?? {} }),
    createInstance: async (_project, instance) => {
      mounted.push(instance);
      return host.mountFault === undefined ? ok(undefined) : err(host.mountFault);
    },
    deleteInstance: async (_project, name) => {
      removed.push(name);
      return host.removeFault === undefined ? ok(undefined) : err(host.removeFault);
    },
    imageAlias: async () => {
      askForImage();
      if (host.image === 'hangs') return never();
      return host.image === 'missing'
        ? err(incusFault('not_found'))
        : ok({ fingerprint: 'abcdef0123456789' });
    },
  };
  const workDirectory = {
    path: '/var/tmp/pikaci',
    ensure: async () => ok(undefined),
    examine: async () => ok(undefined),
  };
  const doctor = new Doctor({
    workDirectory,
    shell: shell as RemoteShell,
    files: remote.store,
    localFiles: local.store,
    incus: incus as IncusApi,
    microvmHost: new MicrovmHost(
      { shell: shell as RemoteShell, hostFiles: remote.store },
      workDirectory,
      () => ({
        'pikaci-microvm-host': '',
        'pikaci-microvm-guest': '',
        'pikaci-incus-run': '',
      }),
    ),
    clock,
    openMachine: never,
    settings: {
      backend: host.backend ?? 'incus',
      microvm: { runner: host.runner ?? null, flake: null },
      trust: 'trusted' as const,
      limits: {},
      project: 'ci',
      profile: 'job',
      imageAlias: 'pikaci/dev',
      workDir: '/var/tmp/pikaci',
      stateRoot: '/home/me/.pikaci',
      warm: null,
      templates: [],
    },
    warmPool: { status: never },
  });
  return { doctor, clock, remote, local, imageAsked, mounted, removed };
}
