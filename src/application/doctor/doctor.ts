import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusServer } from '../../ports/incus-types.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { hostSpace } from '../directories/host-space.js';
import type { WorkDirectory } from '../directories/work-directory.js';
import type { MicrovmHost } from '../machine/microvm/microvm-host.js';
import type { JobSettings } from '../settings/job-settings.js';
import { failed, inTime, quoted, skipped } from './check.js';
import { checkClocks } from './clock-check.js';
import { checkMembers } from './cluster-checks.js';
import { checkConnection } from './connection-check.js';
import type { DoctorCheck, DoctorReport } from './doctor-report.js';
import { checkServer, incusUnusable } from './incus-check.js';
import { checkMachine, type MachineProbe } from './machine-check.js';
import { MachineChecks, type MachineSettings } from './machine-checks.js';
import { MicrovmChecks } from './microvm-checks.js';
import { checkMounts } from './mount-check.js';
import { checkWarmPool, type PoolLook } from './pool-check.js';
import { probeDirectory } from './probe-directory.js';
import { checkReach } from './reach-check.js';
import { checkRunner } from './runner-check.js';

export interface DoctorSettings extends MachineSettings {
  readonly backend: JobSettings['backend'];
  readonly microvm: Pick<JobSettings['microvm'], 'runner' | 'flake'>;
  readonly warm: JobSettings['warm'];
  /** Names of the templates of all targets. */
  readonly templates: readonly string[];
  readonly inherit?: Pick<JobSettings['inherit'], 'ca'>;
  /** Where this machine looks for programs; nothing is said of them when left out. */
  readonly searchPath?: readonly string[];
  /** Absolute directory on this machine. */
  readonly stateRoot: string;
}

export interface DoctorParts {
  readonly shell: RemoteShell;
  /** The host's files. */
  readonly files: FileStore;
  /** This machine's files. */
  readonly localFiles: FileStore;
  readonly incus: IncusApi;
  readonly workDirectory: Pick<WorkDirectory, 'examine'>;
  readonly microvmHost: MicrovmHost;
  readonly clock: Clock;
  readonly openMachine: MachineProbe['open'];
  readonly warmPool: PoolLook;
  readonly settings: DoctorSettings;
}

/** What the doctor is to try beside looking, and what ends it early. */
export interface DoctorOptions {
  readonly signal?: AbortSignal;
  /** Also makes a machine and runs a command in it: that takes as long as a job does. */
  readonly machine?: boolean;
}

/** Bound of one check. */
const CHECK_MS = 30_000;
/** Of one member of a cluster: one that asks another that has died waits up to 35 s. */
const MEMBER_MS = 45_000;
const NO_CONNECTION = 'there is no connection';
const NO_ANSWER = 'Incus did not answer';

/** Looks at everything that a job needs. Changes nothing but the work directory and the state root, which it makes as a job would; what it makes for a check it removes. */
export class Doctor {
  readonly #parts: DoctorParts;
  readonly #machine: MachineChecks;
  readonly #microvm: MicrovmChecks;

  constructor(parts: DoctorParts) {
    this.#parts = parts;
    this.#machine = new MachineChecks(parts.incus, parts.settings, parts.files);
    this.#microvm = new MicrovmChecks(parts.microvmHost, parts.files, parts.settings.microvm);
  }

  /** Takes at most a few times the bound of one check. Checks that an abort cuts off are `skipped`, and the report is not `ok`. */
  async examine({
    signal = new AbortController().signal,
    machine = false,
  }: DoctorOptions = {}): Promise<DoctorReport> {
    const { shell, clock, settings } = this.#parts;
    const [connection, stateRoot] = await Promise.all([
      this.#bounded('connection', signal, (inner) => checkConnection(shell, clock, inner)),
      this.#bounded('state_root', signal, (inner) =>
        probeDirectory({
          name: 'state_root',
          files: this.#parts.localFiles,
          path: settings.stateRoot,
          remedy: `mkdir -p ${quoted(settings.stateRoot)} && chmod u+rwx ${quoted(settings.stateRoot)}`,
          signal: inner,
        }),
      ),
    ]);
    const there = connection.status === 'ok';
    const [onBackend, workDir] = await Promise.all([
      this.#backendChecks(there, signal),
      there ? this.#workDir(signal) : skipped('work_dir', NO_CONNECTION),
    ]);
    const looked = [connection, ...onBackend.checks, workDir];
    if (settings.backend === 'incus') looked.push(await this.#mounts(looked, onBackend, signal));
    const pool = await this.#pool(looked, signal);
    const runner = await checkRunner(this.#parts.localFiles, settings.searchPath ?? [], signal);
    const others = [pool, onBackend.clocks, runner, stateRoot];
    looked.push(...others.filter((check) => check !== null));
    const checks = machine ? [...looked, ...(await this.#tryMachine(looked, signal))] : looked;
    return {
      host: shell.host,
      ok: !signal.aborted && checks.every((check) => check.status !== 'failed'),
      checks,
    };
  }

  async #backendChecks(there: boolean, signal: AbortSignal): Promise<BackendChecks> {
    switch (this.#parts.settings.backend) {
      case 'incus':
        return there
          ? this.#incusChecks(signal)
          : withoutIncus(skipped('incus', NO_CONNECTION), NO_CONNECTION);
      case 'microvm':
        return there ? this.#microvmChecks(signal) : withoutMicrovms(NO_CONNECTION);
    }
  }

  async #microvmChecks(signal: AbortSignal): Promise<BackendChecks> {
    const { clock } = this.#parts;
    const asked = clock.now();
    const [host, runner] = await Promise.all([
      inTime({ clock, signal, ms: CHECK_MS }, (inner) => this.#microvm.host(inner)),
      this.#bounded('microvm_runner', signal, (inner) => this.#microvm.runner(inner)),
    ]);
    if (typeof host === 'string')
      return {
        checks: [cutOff('microvm_host', host), runner],
        clocks: skipped('clock', 'the host did not answer'),
      };
    const { check, timeMs } = host.value;
    const clocks =
      timeMs === null
        ? skipped('clock', 'the host did not say what time it is there')
        : checkClocks(timeMs, { asked, answered: clock.now() });
    return { checks: [check, runner], clocks };
  }

  async #incusChecks(signal: AbortSignal): Promise<BackendChecks> {
    const { incus, clock } = this.#parts;
    const asked = clock.now();
    const server = await inTime({ clock, signal, ms: CHECK_MS }, (inner) => incus.server({ signal: inner }));
    if (typeof server === 'string') return withoutIncus(cutOff('incus', server), NO_ANSWER);
    if (server.value.isErr()) return withoutIncus(incusUnusable(server.value.error), NO_ANSWER);
    const clocks = checkClocks(server.value.value.hostTimeMs, { asked, answered: clock.now() });
    const [project, [profile, pool], image] = await Promise.all([
      this.#bounded('project', signal, (inner) => this.#machine.project(inner)),
      this.#profileAndPool(signal),
      this.#bounded('image', signal, (inner) => this.#machine.image(inner)),
    ]);
    const { hostTimeMs } = server.value.value;
    const members = await this.#members(server.value.value, signal);
    const checks = [checkServer(server.value.value), ...members, project, profile, image, pool];
    return { checks, clocks, hostTimeMs };
  }

  /** None where the daemon is in no cluster. */
  async #members(
    { clustered, serverName: answering }: IncusServer,
    signal: AbortSignal,
  ): Promise<readonly DoctorCheck[]> {
    if (!clustered) return [];
    const { incus, clock, settings } = this.#parts;
    const { project, profile } = settings;
    return checkMembers({ incus, clock, project, profile, answering, boundMs: MEMBER_MS }, signal);
  }

  async #profileAndPool(signal: AbortSignal): Promise<readonly [DoctorCheck, DoctorCheck]> {
    const { clock } = this.#parts;
    const result = await inTime({ clock, signal, ms: CHECK_MS }, (inner) =>
      this.#machine.profileAndPool(inner),
    );
    if (typeof result !== 'string') return result.value;
    return [cutOff('profile', result), cutOff('storage_pool', result)];
  }

  /** Null where none is configured. */
  async #pool(before: readonly DoctorCheck[], signal: AbortSignal): Promise<DoctorCheck | null> {
    const { warmPool, settings } = this.#parts;
    if (settings.warm === null) return null;
    const { warm, templates } = settings;
    if (settings.backend === 'incus' && before.some(({ status }) => !isUsable(status)))
      return skipped('warm_pool', 'what is above is needed for it');
    return this.#bounded('warm_pool', signal, (inner) => checkWarmPool(warmPool, { warm, templates }, inner));
  }

  async #mounts(
    before: readonly DoctorCheck[],
    { hostTimeMs }: BackendChecks,
    signal: AbortSignal,
  ): Promise<DoctorCheck> {
    if (before.some(({ name, status }) => NEEDED_FOR_MOUNTS.has(name) && !isUsable(status)))
      return skipped('mounts', 'what is above is needed for it');
    const { files, incus, settings, clock } = this.#parts;
    const hostNowMs = hostTimeMs ?? clock.now();
    return this.#bounded('mounts', signal, (inner) =>
      checkMounts({ files, incus, settings, hostNowMs, signal: inner }),
    );
  }

  /** It removes what it makes, and so is not cut off as the others are. What it reaches comes before it. */
  async #tryMachine(before: readonly DoctorCheck[], signal: AbortSignal): Promise<readonly DoctorCheck[]> {
    if (before.some(({ status }) => !isUsable(status)))
      return [skipped('machine', 'what is above is needed for it')];
    const { openMachine: open, localFiles, clock, settings } = this.#parts;
    const { stateRoot, inherit = { ca: false } } = settings;
    const reached: DoctorCheck[] = [];
    const also: MachineProbe['also'] = async (machine, inner) => {
      reached.push(...(await checkReach(machine, inherit, inner)));
    };
    const made = await checkMachine({ open, localFiles, clock, stateRoot, signal, also });
    return [...reached, made];
  }

  #workDir(signal: AbortSignal): Promise<DoctorCheck> {
    const { files, settings, shell, workDirectory } = this.#parts;
    const { workDir: path } = settings;
    const remedy = `sudo install -d -m 0700 -o "$USER" ${quoted(path)}`;
    return this.#bounded('work_dir', signal, async (inner) => {
      const examined = await workDirectory.examine(inner);
      if (examined.isOk()) {
        const space = () => hostSpace(shell, path, inner);
        return probeDirectory({ name: 'work_dir', files, path, remedy, signal: inner, space });
      }
      const { message, remedy: todo } = examined.error;
      return failed('work_dir', `${path} on ${files.host} ${message}`, todo ?? remedy);
    });
  }

  async #bounded(
    name: DoctorCheck['name'],
    signal: AbortSignal,
    check: (signal: AbortSignal) => Promise<DoctorCheck>,
  ): Promise<DoctorCheck> {
    const result = await inTime({ clock: this.#parts.clock, signal, ms: CHECK_MS }, check);
    return typeof result === 'string' ? cutOff(name, result) : result.value;
  }
}

/** What was learnt of the backend: the checks in their order, and the clock's, which is reported further down. */
interface BackendChecks {
  readonly checks: readonly DoctorCheck[];
  readonly clocks: DoctorCheck;
  readonly hostTimeMs?: number | null;
}

const NEEDED_FOR_MOUNTS: ReadonlySet<DoctorCheck['name']> = new Set([
  'connection',
  'incus',
  'project',
  'profile',
  'storage_pool',
  'work_dir',
]);

const isUsable = (status: DoctorCheck['status']) => status === 'ok' || status === 'warning';

function withoutIncus(incus: DoctorCheck, why: string): BackendChecks {
  const rest = (['project', 'profile', 'image', 'storage_pool'] as const).map((name) => skipped(name, why));
  return { checks: [incus, ...rest], clocks: skipped('clock', why) };
}

function withoutMicrovms(why: string): BackendChecks {
  const checks = (['microvm_host', 'microvm_runner'] as const).map((name) => skipped(name, why));
  return { checks, clocks: skipped('clock', why) };
}

function cutOff(name: DoctorCheck['name'], how: 'timed_out' | 'aborted'): DoctorCheck {
  if (how === 'aborted') return skipped(name, 'interrupted');
  return failed(name, `no answer within ${CHECK_MS / 1000} s`, 'pikaci doctor');
}
