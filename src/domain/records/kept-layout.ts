import { joinBelow } from '../values/path-rules.js';
import { type JobStateLayout, jobFiles } from './run-layout.js';

/** By what a machine is told from all others, and so what was kept of it: a UUID. */
const KEPT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** On the host, below the work directory: what was left of jobs whose machines a reaper has removed, each under the id of its machine. */
export function keptJobsDir(workDir: string): string {
  return joinBelow(workDir, 'kept');
}

export function isKeptId(name: string): boolean {
  return KEPT_ID.test(name);
}

/** The same files that a state root has of a job. */
export function keptJobLayout(directory: string): JobStateLayout {
  return jobFiles(directory, directory);
}

/** Beside a machine's files on the host: the job's record, until a runner has its end. */
export function recordOnHost({ remoteJobDir }: { readonly remoteJobDir: string }): string {
  return `${remoteJobDir}/job.json`;
}
