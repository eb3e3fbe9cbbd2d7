import { err, ok, type Result } from 'neverthrow';
import type { JobRun } from '../../../application/api/pikaci.js';
import type { JobFault } from '../../../application/faults/job-fault.js';
import type { TargetJobEnd } from '../../../application/target/target-run.js';
import type { PikaciEvent } from '../../../domain/events/event.js';
import type { Phase } from '../../../domain/machine/phase.js';
import type { RunJobRecord } from '../../../domain/records/run-record.js';
import type { JobEnd, LeftOfJob } from '../output/run-end.js';

/** The others are before a job has begun. */
const STAGES: Partial<Record<Phase, 'running' | 'collecting'>> = {
  wait_until_ready: 'running',
  wait_for_completion: 'running',
  collect_artifacts: 'collecting',
  clean_up: 'collecting',
};

/** How far each job of a run is, so that the end can be told at any moment. */
export class JobTracker {
  readonly #jobIds: readonly string[];
  readonly #started = new Set<string>();
  readonly #instances = new Map<string, string>();
  readonly #skipped = new Map<string, { readonly reason: string; readonly notNeeded?: true }>();
  readonly #allowed = new Set<string>();
  readonly #recorded = new Map<string, RunJobRecord>();
  readonly #results = new Map<string, Result<JobRun, JobFault>>();
  readonly #cleaningUp = new Set<string>();
  readonly #endedFor = new Map<string, string>();

  readonly #phases = new Map<string, Phase>();
  readonly #left = new Map<string, LeftOfJob>();
  readonly #atFirst: LeftOfJob;

  /** In the order in which they are to be reported; `atFirst` is what there is of each on the host before it is started. */
  constructor(jobIds: readonly string[], atFirst: LeftOfJob = 'nothing') {
    this.#jobIds = jobIds;
    this.#atFirst = atFirst;
  }

  observe(event: PikaciEvent): void {
    if (event.type === 'instance_created') {
      this.#instances.set(event.job_id, event.instance);
      this.#left.set(event.job_id, 'machine');
    }
    if (event.type !== 'phase_started') return;
    this.#phases.set(event.job_id, event.phase);
    if (event.phase === 'prepare_directories') this.#left.set(event.job_id, 'directory');
    // From here on the daemon may have been asked for it.
    if (event.phase === 'launch_guest') this.#left.set(event.job_id, 'machine');
    if (event.phase === 'queued') this.#left.set(event.job_id, 'directory');
  }

  started(jobId: string): void {
    this.#started.add(jobId);
  }

  ended(jobId: string, result: Result<JobRun, JobFault>): void {
    this.#results.set(jobId, result);
    if (result.isErr() || result.value.outcome.status === 'detached') return;
    this.#cleaningUp.add(jobId);
    void result.value.cleanUp.then((cleaned) => cleaned.isOk() && this.#cleaningUp.delete(jobId));
  }

  /** The end of a job of a target's run; one that was not started is known by having none. */
  take(end: TargetJobEnd): void {
    if (end.kind === 'ended') this.ended(end.jobId, ok(end.run));
    if (end.kind === 'faulted') this.ended(end.jobId, err(end.fault));
    if (end.kind === 'skipped') {
      const needed = end.notNeeded === true ? ({ notNeeded: true } as const) : {};
      this.#skipped.set(end.jobId, { reason: end.reason, ...needed });
    }
    if (end.kind === 'recorded') this.#recorded.set(end.jobId, end.record);
    if ('allowed' in end && end.allowed === true) this.#allowed.add(end.jobId);
    if ('endedFor' in end && end.endedFor !== undefined) this.#endedFor.set(end.jobId, end.endedFor);
  }

  /** The jobs that have been started and have not ended, by what they are at. */
  get stages(): Readonly<Record<'beginning' | 'running' | 'collecting', readonly string[]>> {
    const going = [...this.#started].filter((jobId) => !this.#results.has(jobId));
    const at = (jobId: string) => STAGES[this.#phases.get(jobId) ?? 'wait_for_completion'] ?? 'beginning';
    const of = (stage: string) => going.filter((jobId) => at(jobId) === stage);
    return { beginning: of('beginning'), running: of('running'), collecting: of('collecting') };
  }

  runs(): JobRun[] {
    return [...this.#results.values()].flatMap((result) => (result.isOk() ? [result.value] : []));
  }

  /** As `ends`, for a process that leaves now: machines that are still being removed stay behind. */
  endsAtOnce(): JobEnd[] {
    return this.ends().map((end) =>
      end.kind === 'ended' && this.#cleaningUp.has(end.jobId)
        ? { ...end, left: { instance: this.#instances.get(end.jobId) ?? null } }
        : end,
    );
  }

  /** Jobs that still run count as left behind. */
  ends(): JobEnd[] {
    return this.#jobIds.map((jobId) => {
      const result = this.#results.get(jobId);
      const instance = this.#instances.get(jobId) ?? null;
      const skipped = this.#skipped.get(jobId);
      const cause = this.#endedFor.get(jobId);
      const counted = {
        ...(cause === undefined ? {} : { endedFor: cause }),
        ...(this.#allowed.has(jobId) ? { allowed: true as const } : {}),
      };
      const record = this.#recorded.get(jobId);
      if (record !== undefined) return { jobId, kind: 'recorded', record, ...counted };
      if (skipped !== undefined) return { jobId, kind: 'skipped', ...skipped };
      if (result === undefined) {
        return this.#started.has(jobId)
          ? { jobId, kind: 'abandoned', instance, left: this.#left.get(jobId) ?? this.#atFirst }
          : { jobId, kind: 'not_started' };
      }
      return result.isOk()
        ? { jobId, kind: 'ended', run: result.value, ...counted }
        : { jobId, kind: 'faulted', fault: result.error, instance, ...counted };
    });
  }
}
