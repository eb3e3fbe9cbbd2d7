import type { JobStep } from '../../domain/job/job-step.js';
import { type GuestStep, type JobStepRecord, stepsFileSchema } from '../../domain/job/step-record.js';
import { whySkipped } from '../../domain/job/why-skipped.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Journal } from '../events/journal.js';
import type { GuestLog } from '../log/guest-log.js';
import { readRecord } from '../records/read-record.js';

export interface StepTrackerInput {
  /** Of the job, in order. Their names are recorded and told masked. */
  readonly steps: readonly JobStep[];
  readonly journal: Pick<Journal, 'emit' | 'warn' | 'masker'>;
  readonly files: FileStore;
  readonly clock: Pick<Clock, 'now'>;
  /** `steps.json` of the job. */
  readonly stepsFile: string;
  /** Whether this runner may still write there. */
  readonly isOurs: () => Promise<boolean>;
}

/**
 * What is known of the steps of a job that runs: what the supervisor tells, each change once and in order, recorded and told when the
 * log has come as far. What it says is the guest's, so steps that the job does not have are left out.
 */
export class StepTracker {
  readonly #input: StepTrackerInput;
  readonly #names: ReadonlyMap<string, string>;
  readonly #records: Map<string, JobStepRecord>;
  #waiting: GuestStep[] = [];
  readonly #heard = new Map<string, 'begun' | 'ended'>();
  /** When this runner heard that a step runs, ms by its own clock. */
  readonly #since = new Map<string, number>();
  #log: GuestLog | null = null;
  #saving: Promise<void> = Promise.resolve();

  private constructor(input: StepTrackerInput, earlier: readonly JobStepRecord[]) {
    this.#input = input;
    this.#names = new Map(input.steps.map(({ id, name }) => [id, name]));
    this.#records = new Map(earlier.map((record) => [record.id, record]));
    for (const { id, status } of earlier) this.#heard.set(id, status === 'running' ? 'begun' : 'ended');
  }

  /** With what an earlier runner has recorded. Null for a job of one command. */
  static async open(
    input: Omit<StepTrackerInput, 'steps'> & { readonly steps: readonly JobStep[] | undefined },
  ): Promise<StepTracker | null> {
    const { steps } = input;
    if (steps === undefined) return null;
    const earlier = await readRecord(input.files, input.stepsFile, stepsFileSchema);
    const known = new Set(steps.map(({ id }) => id));
    const records = earlier.isOk() ? earlier.value.steps.filter(({ id }) => known.has(id)) : [];
    const { masker } = input.journal;
    const shown = steps.map((step) => ({ ...step, name: masker.maskText(step.name) }));
    return new StepTracker({ ...input, steps: shown }, records);
  }

  /** The log that the positions are about. */
  follow(log: GuestLog): void {
    this.#log = log;
    // Who takes a job up has not heard of the step that it is at.
    for (const record of this.#records.values()) if (record.status === 'running') this.#tellStart(record);
    this.advance();
  }

  readonly take = (step: GuestStep): void => {
    const heard = step.state === 'running' ? 'begun' : 'ended';
    const before = this.#heard.get(step.id);
    if (!this.#names.has(step.id) || before === 'ended' || before === heard) return;
    this.#heard.set(step.id, heard);
    this.#waiting.push(step);
    this.advance();
  };

  /** The next position, in bytes of the guest's log, at which a step begins or ends; null when none is known. */
  get nextMark(): number | null {
    return this.#waiting[0] === undefined ? null : markOf(this.#waiting[0]);
  }

  /** Records what the log has come to. */
  advance(): void {
    const log = this.#log;
    if (log === null) return;
    let changed = false;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if ((markOf(next) ?? 0) > log.settled) break;
      this.#waiting.shift();
      this.#record(next, log);
      changed = true;
    }
    if (changed) this.#save();
  }

  /** The job has ended, or was left: nothing more is told. What runs as far as is known has no exit record. */
  async finish(
    final: readonly GuestStep[],
    end: 'result' | 'cancelled' | 'lost' | 'left',
  ): Promise<readonly JobStepRecord[]> {
    for (const step of final) this.take(step);
    const log = this.#log;
    // What a job that is root has made up meanwhile does not stand against the supervisor's last word.
    if (log !== null)
      for (const step of final)
        if (this.#records.has(step.id) && !this.#waiting.includes(step)) this.#correct(step, log);
    for (const step of this.#waiting.splice(0)) if (log !== null) this.#record(step, log);
    if (end === 'lost' || end === 'cancelled') this.#endOpen(end, log?.kept ?? null);
    this.#save();
    await this.#saving;
    return this.#inOrder();
  }

  #correct(step: GuestStep, log: GuestLog): void {
    const before = this.#records.get(step.id);
    if (before === undefined || step.state === 'running') return;
    const { state: status, cause, exit_code, started_at, finished_at } = step;
    const [log_start, log_end] = [keptAt(log, step.log_start), keptAt(log, step.log_end)];
    if (before.status === status && before.exit_code === exit_code && before.log_end === log_end) return;
    // A runner that has taken the job up knows less well where the log of a step before it began.
    const start = before.log_end === log_end ? before.log_start : log_start;
    this.#records.set(step.id, {
      ...before,
      status,
      cause,
      exit_code,
      started_at,
      finished_at,
      log_start: start,
      log_end,
    });
  }

  #endOpen(end: 'cancelled' | 'lost', logEnd: number | null): void {
    for (const record of [...this.#records.values()]) {
      if (record.status !== 'running') continue;
      const status = end === 'lost' ? 'failed' : 'cancelled';
      const finished_at = this.#whenLost(record);
      const ended: JobStepRecord = { ...record, status, cause: end, finished_at, log_end: logEnd };
      this.#records.set(record.id, ended);
      this.#tellEnd(ended);
    }
    for (const step of this.#input.steps) {
      if (this.#records.has(step.id)) continue;
      const never = neverRan(step, end);
      this.#records.set(step.id, never);
      this.#tellEnd(never);
    }
  }

  /** When it was known to be over, in the guest's time: nobody knows when it was. */
  #whenLost({ id, started_at }: JobStepRecord): string {
    const now = this.#input.clock.now();
    const since = this.#since.get(id);
    const began = Date.parse(started_at ?? '');
    const at = since === undefined || !Number.isFinite(began) ? now : began + Math.max(0, now - since);
    return new Date(at).toISOString();
  }

  #record(step: GuestStep, log: GuestLog): void {
    const { id, state, exit_code, cause, started_at, finished_at } = step;
    const before = this.#records.get(id);
    if (state === 'running') this.#since.set(id, this.#input.clock.now());
    const record: JobStepRecord = {
      id,
      name: this.#names.get(id) ?? id,
      ...(state === 'failed' && this.#isTolerated(id) ? { tolerated: true } : {}),
      status: state,
      cause,
      exit_code,
      started_at,
      finished_at,
      log_start: before?.log_start ?? keptAt(log, step.log_start),
      log_end: keptAt(log, step.log_end),
      ...(state === 'skipped' ? { reason: this.#whySkipped(id) } : {}),
    };
    this.#records.set(id, record);
    // One whose beginning was missed has begun all the same.
    if (before === undefined && state !== 'skipped') this.#tellStart(record);
    if (state !== 'running') this.#tellEnd(record);
    for (const warning of step.warnings ?? [])
      this.#input.journal.warn(`the step "${record.name}": ${warning}`);
  }

  #whySkipped(id: string): string {
    const { steps } = this.#input;
    const place = steps.findIndex((step) => step.id === id);
    const before = steps.slice(0, place).flatMap((step) => this.#records.get(step.id) ?? []);
    return whySkipped(steps, id, before);
  }

  #isTolerated(id: string): boolean {
    return this.#input.steps.some((step) => step.id === id && step.continueOnError);
  }

  #tellStart({ id: step_id, name, log_start }: JobStepRecord): void {
    this.#input.journal.emit({ type: 'step_started', step_id, name, log_start: log_start ?? 0 });
  }

  #tellEnd(record: JobStepRecord): void {
    const { id: step_id, name, status, cause, exit_code, log_start, log_end, reason } = record;
    if (status === 'running') return;
    const took = Date.parse(record.finished_at ?? '') - Date.parse(record.started_at ?? '');
    const duration_ms = Number.isFinite(took) ? Math.max(0, took) : 0;
    const end = { status, cause, exit_code, duration_ms, log_start, log_end };
    const why = reason === undefined ? {} : { reason };
    this.#input.journal.emit({ type: 'step_finished', step_id, name, ...end, ...why });
  }

  #inOrder(): readonly JobStepRecord[] {
    return this.#input.steps.flatMap(({ id }) => this.#records.get(id) ?? []);
  }

  /** One after another; the last one has all. */
  #save(): void {
    const { files, stepsFile, journal, isOurs } = this.#input;
    const bytes = Buffer.from(`${JSON.stringify({ schema_version: 1, steps: this.#inOrder() }, null, 2)}\n`);
    this.#saving = this.#saving.then(async () => {
      if (!(await isOurs())) return;
      const saved = await files.writeFile(stepsFile, bytes);
      if (saved.isErr()) journal.warn(`the steps could not be recorded: ${saved.error.message}`);
    });
  }
}

/** Of a step that nothing was heard of. */
function neverRan({ id, name }: JobStep, end: 'cancelled' | 'lost'): JobStepRecord {
  const times = { started_at: null, finished_at: null, log_start: null, log_end: null };
  const reason = `not run, as far as is known: the job was ${end} first`;
  return { id, name, status: 'skipped', cause: 'skipped', exit_code: null, ...times, reason };
}

function markOf({ state, log_start, log_end }: GuestStep): number | null {
  return state === 'running' ? log_start : (log_end ?? log_start);
}

function keptAt(log: GuestLog, position: number | null): number | null {
  return position === null ? null : log.keptAt(position);
}
