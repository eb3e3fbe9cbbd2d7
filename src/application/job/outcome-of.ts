import type { ArtifactReport } from '../../domain/job/artifact.js';
import { areRequired } from '../../domain/job/artifact-wishes.js';
import type { IncusImageIdentity, JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobStepRecord } from '../../domain/job/step-record.js';
import type { StepEnd } from '../step/await-step.js';
import type { JobSession } from './job-session.js';

type Verdict = Pick<JobOutcome, 'status' | 'cause' | 'exit_code' | 'message'>;

/** How a job can end: as a step does, or without a service that it needs. */
export type JobEnd =
  | StepEnd
  | { readonly kind: 'not_begun'; readonly cause: 'services'; readonly message: string };

/** What an end means. Without an exit record there is no success, and a record that contradicts itself is none. */
function verdictOf(end: JobEnd): Verdict {
  switch (end.kind) {
    case 'detached':
      return {
        status: 'detached',
        cause: 'detached',
        exit_code: null,
        message: 'still running; "pikaci attach" resumes it',
      };
    case 'cancelled':
      return { status: 'cancelled', cause: 'cancelled', exit_code: null, message: end.message };
    case 'not_begun':
      return { status: 'failed', cause: end.cause, exit_code: null, message: end.message };
    case 'refused':
    case 'lost':
      return { status: 'failed', cause: 'lost', exit_code: null, message: end.message };
    case 'finished': {
      const { result } = end.status;
      if (result === null) return verdictOf({ kind: 'lost', message: 'the guest left no exit record' });
      const { exit_code, message } = result;
      const cause = result.cause ?? 'exit';
      if (cause === 'cancelled') return { status: 'cancelled', cause, exit_code, message };
      const passed = result.status === 'passed' && exit_code === 0 && cause === 'exit';
      if (result.status === 'passed' && !passed) {
        return verdictOf({ kind: 'lost', message: 'the exit record contradicts itself' });
      }
      return { status: passed ? 'passed' : 'failed', cause, exit_code, message };
    }
  }
}

/** The supervisor does not know what its machine was made from. */
function withImage(verdict: Verdict, image: IncusImageIdentity | null): Verdict {
  if (verdict.cause !== 'setup' || image === null || verdict.message === null) return verdict;
  const message = verdict.message.replace(
    /(the shell (?:\S+ )?is not in the machine)(?=: use another)/,
    (text) => `${text} (its image is ${image.alias})`,
  );
  return { ...verdict, message };
}

/** A job whose artifacts are required has not passed without them. */
function withArtifacts<V extends Verdict>(
  verdict: V,
  { session, artifacts }: Pick<OutcomeInput, 'session' | 'artifacts'>,
): V {
  if (verdict.status !== 'passed' || !areRequired(session.job.artifacts)) return verdict;
  const why = whyMissing(artifacts);
  if (why === null) return verdict;
  return {
    ...verdict,
    status: 'failed',
    cause: 'artifacts',
    message: `required artifacts are missing: ${why}`,
  };
}

/** What was asked for and has not come; null when all of it has. */
function whyMissing({ unmatched = [], incomplete, refused, refused_count }: ArtifactReport): string | null {
  if (incomplete !== null) return incomplete;
  if (unmatched.length > 0)
    return `no file matches ${unmatched.map((pattern) => JSON.stringify(pattern)).join(', ')}`;
  // What nobody asked for is no loss; where not all are named, one of the others may be.
  const lost = refused.filter(({ rule }) => rule !== 'not_requested');
  const unnamed = refused_count - refused.length;
  const [first] = lost;
  if (first === undefined) {
    if (unnamed === 1) return '1 file was refused';
    return unnamed > 0 ? `${unnamed} files were refused` : null;
  }
  const more = lost.length - 1 + unnamed;
  return `${JSON.stringify(first.path)} was refused (${first.rule})${more > 0 ? `, and ${more} more` : ''}`;
}

/** An end that an earlier runner has seen and recorded, with what has come of the artifacts since. */
export function recordedEnd(
  ended: JobOutcome,
  input: Pick<OutcomeInput, 'session' | 'artifacts'>,
): JobOutcome {
  const phases = [...input.session.timings];
  return { ...withArtifacts(ended, input), artifacts: input.artifacts, phases };
}

export interface OutcomeInput {
  readonly session: JobSession;
  readonly end: JobEnd;
  readonly finishedAtMs: number;
  readonly logBytes: number;
  readonly keptLogBytes: number;
  readonly logCut: boolean;
  readonly artifacts: ArtifactReport;
  readonly image: IncusImageIdentity | null;
  readonly acquired: JobOutcome['acquired'];
  readonly attempts: Pick<JobOutcome, 'attempt' | 'earlier_attempts'>;
  /** Of a job that has some. */
  readonly steps?: readonly JobStepRecord[] | undefined;
}

export function outcomeOf(input: OutcomeInput): JobOutcome {
  const { session } = input;
  return {
    schema_version: 1,
    run_id: session.runId,
    job_id: session.job.id,
    ...withArtifacts(withImage(verdictOf(input.end), input.image), input),
    started_at: new Date(session.startedAtMs).toISOString(),
    finished_at: new Date(input.finishedAtMs).toISOString(),
    phases: [...session.timings],
    log_bytes: input.logBytes,
    kept_log_bytes: input.keptLogBytes,
    log_cut: input.logCut,
    artifacts: input.artifacts,
    incus_image: input.image,
    ...input.attempts,
    ...(input.acquired === undefined ? {} : { acquired: input.acquired }),
    ...(input.steps === undefined ? {} : { steps: [...input.steps] }),
  };
}
