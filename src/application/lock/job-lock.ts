import { err, ok, type Result } from 'neverthrow';
import type { JobHolder } from '../../domain/job/job-holder.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { type FoundLock, LockFiles } from './lock-files.js';

/** How often a holder says that it lives, ms. */
const HEARTBEAT_MS = 6000;
/** How long a holder whose process cannot be looked at is listened to, ms. */
const HEARTBEAT_TIMEOUT_MS = 20_000;
const RACES = 10;
const TAKEN = 'another runner has taken the job up';

export interface JobLockPorts {
  readonly localFiles: FileStore;
  readonly processes: Processes;
  readonly clock: Clock;
}

/** What whoever writes a job's state asks first. */
export type HeldLock = Pick<JobLock, 'lost' | 'isHeld'>;

/** The right to write one job's state: two runners that did so at once would mix their bytes. Held until it is disposed. */
export class JobLock implements AsyncDisposable {
  readonly #files: LockFiles;
  readonly #clock: Clock;
  readonly #generation: number;
  readonly #stop = new AbortController();
  readonly #lost = new AbortController();
  readonly #beating: Promise<void>;

  private constructor(ports: JobLockPorts, files: LockFiles, generation: number, holder: JobHolder) {
    this.#files = files;
    this.#clock = ports.clock;
    this.#generation = generation;
    this.#beating = this.#beat(holder);
  }

  /**
   * Takes the lock of a job's directory, also from a process that has ended. A holder of another machine, or of another
   * container, is listened to for as long as three beats take; while it lives, the fault is `job_in_use`.
   */
  static async take(
    ports: JobLockPorts,
    jobDir: string,
    signal: AbortSignal,
  ): Promise<Result<JobLock, JobFault>> {
    const files = new LockFiles(ports.localFiles, jobDir);
    const self = await ports.processes.self();
    const since = new Date(ports.clock.now()).toISOString();
    const holder: JobHolder = { schema_version: 1, ...self, since, beat: 0 };
    for (let race = 0; race < RACES; race++) {
      const newest = await files.newest();
      if (newest.isErr()) return err(localFilesFault(newest.error, null));
      if (newest.value !== null) {
        const held = await isHeld(ports, files, newest.value, signal);
        if (held.isErr()) return err(held.error);
        if (held.value) return err(inUse(ports, jobDir, newest.value));
      }
      const generation = (newest.value?.generation ?? 0) + 1;
      const taken = await files.take(generation, holder);
      if (taken.isErr()) return err(localFilesFault(taken.error, null));
      if (taken.value) return ok(new JobLock(ports, files, generation, holder));
    }
    return err(inUse(ports, jobDir, null));
  }

  /** True when nobody had held this job before. */
  get isFirst(): boolean {
    return this.#generation === 1;
  }

  /** Fires when another runner has taken the lock, as it may when this process was stopped for long; its reason is the message. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Whether the job's state is still this runner's to write: asked before each write, because one that was stopped may find when it wakes
   * up that it was taken for gone. `lost` has fired when it is not.
   */
  async isHeld(): Promise<boolean> {
    if (this.#lost.signal.aborted) return false;
    const generations = await this.#files.generations();
    // A directory that cannot be read, or was removed, is nobody else's.
    if (generations.isErr() || Math.max(0, ...generations.value) <= this.#generation) return true;
    this.#lost.abort(TAKEN);
    return false;
  }

  async #beat(holder: JobHolder): Promise<void> {
    for (let beat = 1; (await this.#clock.sleep(HEARTBEAT_MS, this.#stop.signal)) === 'elapsed'; beat++) {
      if (!(await this.isHeld())) return;
      // What cannot be written now is written by a later beat.
      await this.#files.renew(this.#generation, { ...holder, beat });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return this.#beating;
    this.#stop.abort();
    await this.#beating;
    // One that was lost is not there any more.
    await this.#files.release(this.#generation);
  }
}

async function isHeld(
  { processes, clock }: JobLockPorts,
  files: LockFiles,
  found: FoundLock,
  signal: AbortSignal,
): Promise<Result<boolean, JobFault>> {
  if (found.text === '') return ok(false);
  const state = found.holder === null ? 'unknown' : await processes.state(found.holder);
  if (state !== 'unknown') return ok(state === 'alive');
  for (let waited = 0; waited < HEARTBEAT_TIMEOUT_MS; waited += HEARTBEAT_MS / 2) {
    if ((await clock.sleep(HEARTBEAT_MS / 2, signal)) === 'aborted') return err(cancelled());
    const text = await files.text(found.generation);
    if (text.isErr()) return err(localFilesFault(text.error, null));
    if (text.value !== found.text) return ok(text.value !== '');
  }
  return ok(false);
}

function inUse({ localFiles }: JobLockPorts, jobDir: string, found: FoundLock | null): JobFault {
  const holder = found?.holder ?? null;
  const who =
    holder === null
      ? 'another runner'
      : `the process ${holder.pid} of ${holder.hostname} (since ${holder.since})`;
  const message = `${who} follows this job, and writes to ${jobDir}: wait for it, or end it and attach again`;
  return { kind: 'job_in_use', phase: null, host: localFiles.host, message };
}

function cancelled(): JobFault {
  const message = "cancelled while waiting for the previous runner's heartbeat";
  return { kind: 'cancelled', phase: null, host: 'local', message };
}
