import { sha256Hex } from '../values/content-hash.js';

const LONGEST_ID = 64;

/**
 * The id by which an attempt of a job has its machine and its directory on the host: the job's own for the first. Each attempt has another, so
 * that what an earlier one has left is never taken for its own. It is an id itself.
 */
export function machineJobId(jobId: string, attempt: number): string {
  if (attempt === 1) return jobId;
  // Two long ids may begin alike, and a job may be called as an attempt of another.
  const tail = `.attempt-${attempt}-${sha256Hex(`${jobId}:${attempt}`).slice(0, 8)}`;
  return `${jobId.slice(0, LONGEST_ID - tail.length)}${tail}`;
}
