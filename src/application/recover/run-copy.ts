import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import {
  jobInRunCopy,
  type RunCopyLayout,
  type RunCopyName,
  type RunTicket,
  runCopyLayout,
} from '../../domain/records/run-copy-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { ProcessIdentity } from '../../ports/processes.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import type { JobCopies } from '../job/job-copies.js';
import type { HostTime } from '../lease/host-time.js';
import { whoTookOver } from './who-took-over.js';

/** A runner that says nothing for so long has died, or is cut off: another may go on with its run then. */
export const RUNNER_LIFE_MS = 90_000;
const RENEW_MS = 30_000;
const CALL_MS = 30_000;
const TRIES = 3;
const PAUSE_MS = 1_000;
const PRIVATE = 0o700;

export interface RunCopyInput {
  /** Of the host. */
  readonly files: FileStore;
  readonly clock: Clock;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
  readonly workDir: string;
  readonly name: RunCopyName;
  /** Tokens under which it lay before. */
  readonly takenFrom: readonly string[];
  readonly runner: ProcessIdentity;
  /** Makes the work directory, or says why it cannot be used. */
  readonly ready: (signal: AbortSignal) => Promise<Result<void, JobFault>>;
  /** Notes in the state root whether there is a copy. */
  readonly note: (state: 'there' | 'none') => Promise<void>;
}

/** What the copy begins with. */
export interface CopiedRecords {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
  /** Of jobs that may have begun. */
  readonly jobs?: readonly JobRecord[];
}

/**
 * The copy of a run's records on its host, kept beside the run: who has no state root of it goes on by that. It is made behind the run's back, and
 * one that cannot be made is told once. What takes the run over renames its directory, so that nothing that this runner writes later comes into it.
 */
export class RunCopy implements JobCopies {
  readonly #input: RunCopyInput;
  readonly #layout: RunCopyLayout;
  readonly #superseded = new AbortController();
  readonly #left = new AbortController();
  readonly #opened: Promise<void>;
  #isThere = false;
  #latest: RunRecord;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();
  readonly #saving = new Map<string, Promise<unknown>>();
  #living: Promise<void> = Promise.resolve();
  #untold: string[] = [];
  #tell: ((message: string) => void) | null = null;

  private constructor(input: RunCopyInput, records: CopiedRecords) {
    this.#input = input;
    this.#layout = runCopyLayout(input.workDir, input.name);
    this.#latest = records.run;
    this.#opened = this.#open(records);
  }

  /** Nobody waits for it but the first job that is to begin. */
  static begin(input: RunCopyInput, records: CopiedRecords): RunCopy {
    return new RunCopy(input, records);
  }

  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  /** Who hears what goes wrong with it. */
  set say(tell: (message: string) => void) {
    this.#tell = tell;
    for (const message of this.#untold.splice(0)) tell(message);
  }

  /** The run has changed; what comes while one is written is written together. */
  change(run: RunRecord): void {
    this.#latest = run;
    if (this.#dirty) return;
    this.#dirty = true;
    this.#writing = this.#writing.then(async () => {
      await this.#opened;
      this.#dirty = false;
      // One that is behind is none that is wrong: what it lacks is looked for again.
      if (this.#isThere) await this.#write(this.#layout.runRecord, this.#latest);
    });
  }

  /** Behind the record of the state root; without it what was prepared is looked for again. */
  outputs(document: object): void {
    this.#writing = this.#writing.then(async () => {
      await this.#opened;
      if (this.#isThere) await this.#write(this.#layout.preparedOutputs, document);
    });
  }

  async save(record: JobRecord): Promise<Result<void, JobFault>> {
    await this.#opened;
    if (this.#superseded.signal.aborted) return err(this.#fault('superseded', this.#why()));
    if (!this.#isThere) return ok(undefined);
    const before = this.#saving.get(record.job_id) ?? Promise.resolve();
    const saving = before.then(() => this.#save(record));
    this.#saving.set(record.job_id, saving);
    return await saving;
  }

  /** One after the other: the older is not the last to appear. */
  async #save(record: JobRecord): Promise<Result<void, JobFault>> {
    if (!this.#isThere) return ok(undefined);
    const path = jobInRunCopy(this.#layout, record.job_id);
    let written = await this.#write(path, record);
    for (let tries = 1; tries < TRIES && written.isErr() && isLostCall(written.error); tries++) {
      await this.#input.clock.sleep(PAUSE_MS, this.#left.signal);
      written = await this.#write(path, record);
    }
    if (written.isOk()) return ok(undefined);
    if (await this.#isTaken(written.error)) return err(this.#fault('superseded', this.#why()));
    return await this.#giveUp(`${path}: ${written.error.message}`);
  }

  /** When the run has ended: nobody needs the copy any more, but of jobs that were left running. */
  async end(isOver: boolean): Promise<void> {
    this.#left.abort();
    await Promise.all([this.#opened, this.#living]);
    await Promise.all([this.#writing, ...this.#saving.values()]);
    if (!this.#isThere || this.#superseded.signal.aborted) return;
    if (isOver) await this.#remove();
    // Whoever goes on with it need not wait.
    else await this.#write(this.#layout.ticket, this.#ticket(0));
  }

  async #open({ run, plan, jobs = [] }: CopiedRecords): Promise<void> {
    const { files, ready, hostTime, note } = this.#input;
    const bound = awakeBound(CALL_MS);
    const [usable] = await Promise.all([ready(bound), hostTime.learn(bound)]);
    if (usable.isErr()) return this.#without(usable.error.message);
    const { jobsDir, planRecord, runRecord, ticket } = this.#layout;
    const made = await files.makeDirectory(jobsDir, { mode: PRIVATE, signal: bound });
    if (made.isErr()) return this.#without(made.error.message);
    const written = await Promise.all([
      this.#write(planRecord, plan),
      this.#write(ticket, this.#ticket(RUNNER_LIFE_MS)),
      ...jobs.map((job) => this.#write(jobInRunCopy(this.#layout, job.job_id), job)),
    ]);
    // The last of all: without it there is no copy.
    if (written.every((one) => one.isOk())) written.push(await this.#write(runRecord, run));
    const failed = written.find((one) => one.isErr());
    if (failed?.isErr() === true) {
      await this.#remove();
      return this.#without(failed.error.message);
    }
    this.#isThere = true;
    await note('there');
    this.#living = this.#live();
  }

  async #live(): Promise<void> {
    const { clock, hostTime } = this.#input;
    while ((await clock.sleep(RENEW_MS, this.#left.signal)) === 'elapsed' && this.#isThere) {
      // The host's clock may have been set since.
      await hostTime.learn(awakeBound(CALL_MS));
      const written = await this.#write(this.#layout.ticket, this.#ticket(RUNNER_LIFE_MS));
      if (written.isErr()) await this.#isTaken(written.error);
    }
  }

  /** Its directory has another name then, or is gone with the run that has ended there. */
  async #isTaken({ kind }: FileFault): Promise<boolean> {
    if (this.#superseded.signal.aborted) return true;
    if (kind !== 'not_found') return false;
    const { files, workDir, name } = this.#input;
    const there = await files.lstat(this.#layout.directory, { signal: awakeBound(CALL_MS) });
    if (there.isOk() || there.error.kind !== 'not_found') return false;
    const who = await whoTookOver(files, { workDir, name }, awakeBound(CALL_MS));
    const how =
      who === null ? 'another runner has taken it over, and ended it since' : `${who} has taken it over`;
    const message = `this runner has lost the run ${name.runId}: ${how}, and what it left on ${files.host} is not touched from here any more`;
    this.#isThere = false;
    this.#told(message);
    this.#superseded.abort(message);
    return true;
  }

  /** One that is behind would say of a job that may have begun that it never did: rather none. */
  async #giveUp(why: string): Promise<Result<void, JobFault>> {
    await this.#input.note('none');
    const removed = await this.#remove();
    if (removed.isErr()) {
      const message = `the copy of the run's records on the host can be neither renewed nor removed, so that another runner would run this job twice: ${why}`;
      return err(this.#fault('host_files', message));
    }
    this.#isThere = false;
    this.#without(why);
    return ok(undefined);
  }

  #without(why: string): void {
    const { host } = this.#input.files;
    this.#told(
      `${host} has no copy of the run's records, so that only a machine with the state root can resume it: ${why}`,
    );
  }

  async #remove(): Promise<Result<void, FileFault>> {
    const { files } = this.#input;
    const { runRecord, directory } = this.#layout;
    // Without that file there is no copy: nobody goes on with a part of one.
    const first = await files.remove(runRecord, { signal: awakeBound(CALL_MS) });
    if (first.isErr()) return first;
    return await files.remove(directory, { recursive: true, signal: awakeBound(CALL_MS) });
  }

  #ticket(lifeMs: number): RunTicket {
    const { hostTime, runner, takenFrom } = this.#input;
    const expires_at_ms = lifeMs === 0 ? 0 : Math.round(hostTime.now() + lifeMs);
    return { schema_version: 1, runner: { ...runner }, expires_at_ms, taken_from: [...takenFrom] };
  }

  #write(path: string, document: object): Promise<Result<void, FileFault>> {
    const bytes = Buffer.from(`${JSON.stringify(document)}\n`);
    return this.#input.files.writeFile(path, bytes, { mode: 0o600, signal: awakeBound(CALL_MS) });
  }

  #told(message: string): void {
    if (this.#tell === null) this.#untold.push(message);
    else this.#tell(message);
  }

  #why(): string {
    return String(this.#superseded.signal.reason);
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { kind, phase: 'launch_guest', host: this.#input.files.host, message };
  }
}

function isLostCall({ kind }: FileFault): boolean {
  return kind === 'connection_lost' || kind === 'aborted' || kind === 'io';
}
