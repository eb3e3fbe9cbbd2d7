import { joinBelow } from './path-rules.js';

/** Where a run's state lies on the runner, below the state root (`.pikaci`). */
export interface JobStateLayout {
  readonly runDir: string;
  readonly jobDir: string;
  /** The job, its machine and its outcome: all that `attach` needs. */
  readonly jobRecord: string;
  /** What the machinery did. */
  readonly hostLog: string;
  /** What the job wrote, masked. */
  readonly guestLog: string;
  /** How many bytes of the guest's own log `guestLog` stands for. */
  readonly guestLogPosition: string;
  readonly artifactsDir: string;
}

/** Ids must have been validated: they become path components. */
export function jobStateLayout(stateRoot: string, runId: string, jobId: string): JobStateLayout {
  const runDir = joinBelow(stateRoot.replace(/(?<=.)\/+$/, ''), `runs/${runId}`);
  const jobDir = `${runDir}/jobs/${jobId}`;
  return {
    runDir,
    jobDir,
    jobRecord: `${jobDir}/job.json`,
    hostLog: `${jobDir}/host.log`,
    guestLog: `${jobDir}/guest.log`,
    guestLogPosition: `${jobDir}/guest.log.position.json`,
    artifactsDir: `${jobDir}/artifacts`,
  };
}
