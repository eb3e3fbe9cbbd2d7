import { whyTooLong } from '../values/environment.js';

/** What is known of the run that a command is part of. */
export interface RunFacts {
  readonly runId: string;
  /** Of the job, or of the prepare node. */
  readonly jobId: string;
  /** What is checked out in the workspace; null where there is none. */
  readonly commit: string | null;
  readonly branch: string | null;
  /** 1 for the first run, one more for each that repeats it; null when nobody knows. */
  readonly attempt: number | null;
  /** The span that its commands are a part of; null where there is no trace. */
  readonly traceparent: string | null;
  /** Of the job within its run, from 1; left out for what is no job. */
  readonly jobAttempt?: number;
}

/** The variables that say it to a command. What is not known is absent. */
export function runVariables(facts: RunFacts): Record<string, string> {
  const { runId, jobId, commit, branch, attempt, jobAttempt, traceparent } = facts;
  return {
    PIKACI_RUN_ID: runId,
    PIKACI_JOB_ID: jobId,
    ...(attempt === null ? {} : { PIKACI_RUN_ATTEMPT: `${attempt}` }),
    ...(jobAttempt === undefined ? {} : { PIKACI_JOB_ATTEMPT: `${jobAttempt}` }),
    ...(commit === null ? {} : { PIKACI_COMMIT: commit }),
    ...(branch === null ? {} : { PIKACI_BRANCH: branch }),
    ...(traceparent === null ? {} : { TRACEPARENT: traceparent }),
  };
}

/** A job with these variables below its own, which count. One whose own leave no room for them goes without. */
export function withRunVariables<Job extends { readonly env: Readonly<Record<string, string>> }>(
  job: Job,
  facts: RunFacts,
): Job {
  const env = { ...runVariables(facts), ...job.env };
  return whyTooLong(env) === null ? { ...job, env } : job;
}
