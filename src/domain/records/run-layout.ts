import { joinBelow } from '../values/path-rules.js';

/** Where a run's state lies on the runner, below the state root (`.pikaci`). */
export interface JobStateLayout {
  readonly runDir: string;
  readonly jobDir: string;
  /** The job, its machine and its outcome: all that `attach` needs. */
  readonly jobRecord: string;
  /** What pikaci and the host did. */
  readonly hostLog: string;
  /** What the job wrote, masked. */
  readonly guestLog: string;
  /** How many bytes of the guest's own log `guestLog` stands for. */
  readonly guestLogPosition: string;
  /** Of a job that has steps. */
  readonly stepsFile: string;
  /** Of a job that has reports of tests. */
  readonly testsFile: string;
  readonly artifactsDir: string;
}

/** What belongs to a run as a whole. */
export interface RunStateLayout {
  /** Holds the run directories, and what is being made (`.new-…`) or removed (`.removing-…`). */
  readonly runsDir: string;
  readonly runDir: string;
  readonly runRecord: string;
  readonly planRecord: string;
  readonly preparedOutputs: string;
  /** One event a line, without the log. */
  readonly events: string;
  /** Somebody asks the run to end; gone once its runner has seen that. */
  readonly cancelRequest: string;
  /** Where the host has a copy of these records. */
  readonly copyMark: string;
}

/** The run id must have been validated: it becomes a path component. */
export function runStateLayout(stateRoot: string, runId: string): RunStateLayout {
  const runsDir = runsDirOf(stateRoot);
  return { runsDir, ...runFiles(`${runsDir}/${runId}`) };
}

export function runFiles(runDir: string): Omit<RunStateLayout, 'runsDir'> {
  return {
    runDir,
    runRecord: `${runDir}/run.json`,
    planRecord: `${runDir}/plan.json`,
    preparedOutputs: `${runDir}/prepared-outputs.json`,
    events: `${runDir}/events.jsonl`,
    cancelRequest: `${runDir}/cancel.json`,
    copyMark: `${runDir}/host-copy.json`,
  };
}

/** What is known of the runs without reading their records; it can be made again. */
export function runIndexOf(stateRoot: string): string {
  return `${stateRoot}/runs-index.jsonl`;
}

export function runsDirOf(stateRoot: string): string {
  return joinBelow(stateRoot.replace(/(?<=.)\/+$/, ''), 'runs');
}

/** What is known of pools of machines that wait, a record for each. */
export function poolsDirOf(stateRoot: string): string {
  return joinBelow(stateRoot.replace(/(?<=.)\/+$/, ''), 'pools');
}

/** The logs of templates that are made outside a run, a folder for each call, while it goes on. */
export function templateLogsDirOf(stateRoot: string): string {
  return joinBelow(stateRoot.replace(/(?<=.)\/+$/, ''), 'templates');
}

/** Ids must have been validated: they become path components. */
export function jobStateLayout(stateRoot: string, runId: string, jobId: string): JobStateLayout {
  const { runDir } = runStateLayout(stateRoot, runId);
  return jobFiles(runDir, `${runDir}/jobs/${jobId}`);
}

/** Where the state of an attempt is kept from when the next one begins: `runs/<run>/attempts/<job>/<attempt>/`. Ids must have been validated. */
export function attemptStateLayout(
  stateRoot: string,
  runId: string,
  jobId: string,
  attempt: number,
): JobStateLayout {
  const { runDir } = runStateLayout(stateRoot, runId);
  return jobFiles(runDir, `${runDir}/attempts/${jobId}/${attempt}`);
}

export function jobFiles(runDir: string, jobDir: string): JobStateLayout {
  return {
    runDir,
    jobDir,
    jobRecord: `${jobDir}/job.json`,
    hostLog: `${jobDir}/host.log`,
    guestLog: `${jobDir}/guest.log`,
    guestLogPosition: `${jobDir}/guest.log.position.json`,
    stepsFile: `${jobDir}/steps.json`,
    testsFile: `${jobDir}/tests.json`,
    artifactsDir: `${jobDir}/artifacts`,
  };
}

/** What is kept of a service of a job. */
export interface ServiceStateLayout {
  /** Which machine it is. */
  readonly machineRecord: string;
  readonly hostLog: string;
  /** What it wrote, masked. */
  readonly guestLog: string;
  readonly guestLogPosition: string;
}

/** A directory for each service. */
export function servicesDirOf({ jobDir }: Pick<JobStateLayout, 'jobDir'>): string {
  return `${jobDir}/services`;
}

/** The name must have been validated: it becomes a path component. */
export function serviceStateLayout(
  { jobDir }: Pick<JobStateLayout, 'jobDir'>,
  name: string,
): ServiceStateLayout & { readonly directory: string } {
  const directory = `${servicesDirOf({ jobDir })}/${name}`;
  return {
    directory,
    machineRecord: `${directory}/machine.json`,
    hostLog: `${directory}/host.log`,
    guestLog: `${directory}/guest.log`,
    guestLogPosition: `${directory}/guest.log.position.json`,
  };
}
