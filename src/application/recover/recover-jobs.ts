import { err, ok, type Result } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { keptJobLayout, keptJobsDir } from '../../domain/records/kept-layout.js';
import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import { staysBelow } from '../../domain/values/path-rules.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { makeStateRoot } from '../directories/state-root.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { loadJobRecord, saveJobRecord, withOutcome } from '../job/job-record-file.js';
import { JobLock } from '../lock/job-lock.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { fetchKeptFiles } from './fetch-kept-files.js';
import { type FoundKeptJob, findKeptJobs, type KeptJob } from './kept-job.js';

const BOUND_MS = 30 * 60_000;
/** What a job has beside its artifacts and its record, and may lack. */
const FILES = ['guestLog', 'guestLogPosition', 'stepsFile', 'testsFile'] as const;
/** So much of an id names what was kept. */
const SHORTEST_ID = /^[0-9a-f][0-9a-f-]{7,35}$/;

export interface RecoverJobsParts {
  readonly ports: JobPorts;
  readonly settings: Pick<JobSettings, 'workDir' | 'stateRoot'>;
}

/** Of which run, or which job of it; `id` where several machines had these ids. */
export interface RecoverInput {
  readonly runId: string;
  readonly jobId?: string;
  /** The beginning of the id of what was kept, at least 8 characters. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/** A job whose record, log and artifacts are in the state root now. */
export interface RecoveredJob {
  readonly kept: KeptJob;
  /** As it was recorded, with what has come of its artifacts. */
  readonly outcome: JobOutcome;
  readonly state: JobStateLayout;
}

/** What was brought back, and what was not, with why; that stays on the host. */
export interface RecoverReport {
  readonly recovered: readonly RecoveredJob[];
  readonly refused: readonly { readonly kept: KeptJob; readonly fault: JobFault }[];
}

/** Brings back what reapers have kept on the host of jobs that no runner collected. */
export class RecoverJobs {
  readonly #parts: RecoverJobsParts;

  constructor(parts: RecoverJobsParts) {
    this.#parts = parts;
  }

  async list(signal?: AbortSignal): Promise<Result<readonly KeptJob[], JobFault>> {
    const { ports, settings } = this.#parts;
    const found = await findKeptJobs(ports.hostFiles, settings.workDir, bounded(signal));
    return found.map((jobs) => jobs.map(({ about }) => about));
  }

  async recover({ runId, jobId, id, signal }: RecoverInput): Promise<Result<RecoverReport, JobFault>> {
    const { ports, settings } = this.#parts;
    const bound = bounded(signal);
    if (id !== undefined && !SHORTEST_ID.test(id))
      return err(
        this.#fault(
          'invalid_job',
          `id: at least 8 characters of an id that "pikaci recover" shows are expected, not ${JSON.stringify(id)}`,
        ),
      );
    const listed = await findKeptJobs(ports.hostFiles, settings.workDir, bound);
    if (listed.isErr()) return err(listed.error);
    const found = listed.value.filter(
      ({ about }) =>
        about.runId === runId && (jobId ?? about.jobId) === about.jobId && about.id.startsWith(id ?? ''),
    );
    const what = jobId === undefined ? `the run ${runId}` : `the job ${jobId} of the run ${runId}`;
    if (found.length === 0)
      return err(
        this.#fault(
          'no_such_job',
          `nothing is kept on ${ports.shell.host} of ${what}; "pikaci recover" lists what is`,
        ),
      );
    const rooted = await makeStateRoot(ports.localFiles, settings.stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    const recovered: RecoveredJob[] = [];
    const refused: { kept: KeptJob; fault: JobFault }[] = [];
    for (const kept of found) {
      const others = found.filter(({ about }) => about.jobId === kept.about.jobId);
      const back = await this.#bringBack(kept, others, bound);
      if (back.isOk()) recovered.push(back.value);
      else refused.push({ kept: kept.about, fault: back.error });
    }
    return ok({ recovered, refused });
  }

  /**
   * What was kept of a job whose machine is gone, in its place in the state root; null where nothing was. Whoever asks has the job's lock, and no
   * end of it.
   */
  async ofMachine(
    record: JobRecord,
    signal: AbortSignal | undefined,
  ): Promise<Result<JobOutcome | null, JobFault>> {
    const { ports, settings } = this.#parts;
    const bound = bounded(signal);
    const listed = await findKeptJobs(ports.hostFiles, settings.workDir, bound);
    if (listed.isErr()) return err(listed.error);
    const kept = listed.value.find(({ about }) => about.id === record.acquisition);
    if (kept === undefined || kept.about.runId !== record.run_id || kept.about.jobId !== record.job_id)
      return ok(null);
    const state = jobStateLayout(settings.stateRoot, record.run_id, record.job_id);
    return await this.#replaceBy(kept, state, bound);
  }

  async #bringBack(
    kept: FoundKeptJob,
    others: readonly FoundKeptJob[],
    signal: AbortSignal,
  ): Promise<Result<RecoveredJob, JobFault>> {
    const { ports, settings } = this.#parts;
    const { localFiles: files } = ports;
    const { about } = kept;
    const state = jobStateLayout(settings.stateRoot, about.runId, about.jobId);
    const before = await loadJobRecord(files, state, signal);
    const unclear = before.isErr() && before.error.kind === 'no_such_job' ? whyUnclear(others) : null;
    // Nothing is made for what is refused.
    if (unclear !== null) return err(this.#fault('run_exists', unclear));
    const made = await files.makeDirectory(state.jobDir, { signal });
    if (made.isErr()) return err(localFilesFault(made.error, null));
    const locked = await JobLock.take(ports, state.jobDir, signal);
    if (locked.isErr()) return err(locked.error);
    await using _ = locked.value;
    const known = await loadJobRecord(files, state, signal);
    if (known.isErr() && known.error.kind !== 'no_such_job') return err(known.error);
    const why = known.isOk() ? whyNot(kept, known.value) : whyUnclear(others);
    if (why !== null) return err(this.#fault('run_exists', why));
    const back = await this.#replaceBy(kept, state, signal);
    return back.map((outcome) => ({ kept: about, outcome, state }));
  }

  async #replaceBy(
    kept: FoundKeptJob,
    state: JobStateLayout,
    signal: AbortSignal,
  ): Promise<Result<JobOutcome, JobFault>> {
    const { localFiles: files } = this.#parts.ports;
    const coming = `${state.jobDir}/.recovering`;
    // Of one that was killed.
    await files.remove(coming, { recursive: true });
    const back = await this.#fetch(kept, { state, coming }, signal);
    await files.remove(coming, { recursive: true });
    if (back.isErr()) return err(back.error);
    const saved = await saveJobRecord(files, state, withOutcome(kept.record, back.value));
    if (saved.isErr()) return err(localFilesFault(saved.error, null));
    await this.#forget(kept);
    return ok(back.value);
  }

  async #fetch(
    { directory, outcome }: FoundKeptJob,
    { state, coming }: { readonly state: JobStateLayout; readonly coming: string },
    signal: AbortSignal,
  ): Promise<Result<JobOutcome, JobFault>> {
    const { shell, localFiles: files, clock } = this.#parts.ports;
    const there = keptJobLayout('');
    const beside = FILES.map((name) => there[name].slice(1));
    const artifacts = outcome.artifacts.collected.flatMap(({ path }) =>
      staysBelow(path) ? [`artifacts/${path}`] : [],
    );
    const paths = [...beside, ...artifacts];
    const made = await files.makeDirectory(coming, { signal });
    if (made.isErr()) return err(localFilesFault(made.error, null));
    const fetched = await fetchKeptFiles({
      shell,
      files,
      clock,
      directory,
      paths,
      destination: coming,
      signal,
    });
    if (signal.aborted)
      return err(this.#fault('cancelled', 'cancelled while it was brought back; it is kept'));
    if (fetched.isErr()) return err(fetched.error);
    const came = new Map(fetched.value.collected.map(({ path, bytes }) => [path, bytes]));
    const log = there.guestLog.slice(1);
    if (!came.has(log) && outcome.kept_log_bytes > 0)
      return err(
        this.#fault(
          'host_files',
          `${directory}/${log} could not be read: ${fetched.value.incomplete ?? 'it is no file'}`,
        ),
      );
    for (const name of FILES) {
      const moved = await this.#replace(`${coming}/${there[name].slice(1)}`, state[name]);
      if (moved.isErr()) return err(moved.error);
    }
    const emptied = await files.remove(state.artifactsDir, { recursive: true });
    if (emptied.isErr()) return err(localFilesFault(emptied.error, null));
    const moved = await this.#replace(`${coming}/artifacts`, state.artifactsDir);
    return moved.map(() => ({
      ...outcome,
      kept_log_bytes: came.get(log) ?? 0,
      artifacts: reported(outcome.artifacts, came, fetched.value),
    }));
  }

  /** What was not brought, nobody had. */
  async #replace(from: string, to: string): Promise<Result<void, JobFault>> {
    const moved = await this.#parts.ports.localFiles.rename(from, to);
    if (moved.isOk() || moved.error.kind === 'not_found') return ok(undefined);
    return err(localFilesFault(moved.error, null));
  }

  /** It is aside at once; what is left of it when this breaks off goes with its age. */
  async #forget({ directory, about }: FoundKeptJob): Promise<void> {
    const { hostFiles } = this.#parts.ports;
    const leaving = `${keptJobsDir(this.#parts.settings.workDir)}/.leaving-${about.id}`;
    const moved = await hostFiles.rename(directory, leaving);
    if (moved.isOk()) await hostFiles.remove(leaving, { recursive: true });
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { kind, phase: null, host: this.#parts.ports.shell.host, message };
  }
}

/** Why what is recorded here is not replaced; null for a job of the same machine whose end nobody knows here. */
function whyNot({ about }: FoundKeptJob, { acquisition, outcome }: JobRecord): string | null {
  if (acquisition !== about.id)
    return `the state root has a record of these ids that is of another machine (${acquisition ?? 'of before 0.2'}, and not ${about.id}): recover it with a --state-root of its own`;
  if (outcome === null || outcome.status === 'detached' || outcome.cause === 'lost') return null;
  return `the state root has its end already: ${outcome.status}, ${outcome.message === '' ? outcome.cause : outcome.message}`;
}

/** Without a record here nobody knows which of several was meant. */
function whyUnclear(others: readonly FoundKeptJob[]): string | null {
  if (others.length === 1) return null;
  const ids = others.map(({ about }) => `${about.id} (attempt ${about.attempt}, of ${about.createdAt})`);
  return `several machines had these ids: say which is meant with --id: ${ids.join(', ')}`;
}

function reported(
  kept: ArtifactReport,
  came: ReadonlyMap<string, number>,
  fetched: ArtifactReport,
): ArtifactReport {
  const collected = kept.collected.filter(({ path }) => came.has(`artifacts/${path}`));
  const missing = kept.collected.length - collected.length;
  const why = `${missing} of the kept files could not be read${fetched.incomplete === null ? '' : `: ${fetched.incomplete}`}`;
  return { ...kept, collected, incomplete: kept.incomplete ?? (missing === 0 ? null : why) };
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const bound = awakeBound(BOUND_MS);
  return signal === undefined ? bound : AbortSignal.any([signal, bound]);
}
