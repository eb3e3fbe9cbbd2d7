import { err, ok, type Result } from 'neverthrow';
import { incusInstanceName } from '../../domain/machine/incus-instance-name.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import { isHeld } from '../../domain/target/retention.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { readLastUsed } from '../holds/last-used.js';
import { ownerOf, removeHostDirectory } from '../machine/host-directory.js';

const OWNER = 'owner';
/** What is on its way in or out: see `makeHostDirectory` and `removeHostDirectory`. */
const ASIDE = /^\.(?:making|leaving)-/;

export interface AbandonedInput {
  readonly files: FileStore;
  readonly workDir: string;
  /** Names of the machines that there are, of every backend and project that could be asked. */
  readonly machines: ReadonlySet<string>;
  /** The host's time, ms since the epoch. */
  readonly nowMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/**
 * Removes the directories of jobs that have no machine and that nobody has given a sign of for half an hour: a runner that was killed
 * between the two has left them. Gives their paths. Those without an owner are of before 0.2, and stay.
 */
export async function removeAbandonedDirectories(
  input: AbandonedInput,
): Promise<Result<readonly string[], JobFault>> {
  const { files, workDir, signal } = input;
  const runs = await files.list(`${workDir}/runs`, { signal });
  if (runs.isErr())
    return runs.error.kind === 'not_found' ? ok([]) : err(hostFilesFault(runs.error, 'clean_up'));
  const abandoned: string[] = [];
  for (const { name: runId, type } of runs.value) {
    if (type !== 'directory' || !runIdSchema.safeParse(runId).success) continue;
    const runDir = `${workDir}/runs/${runId}`;
    const isOld = await isOldEnough(input, runDir);
    const found = await removeJobsOf(input, runId, abandoned);
    if (found.isErr()) return err(found.error);
    if (isOld && !input.dryRun) await removeEmptied(input, runDir);
  }
  return ok(abandoned);
}

async function removeJobsOf(
  input: AbandonedInput,
  runId: string,
  abandoned: string[],
): Promise<Result<void, JobFault>> {
  const jobs = `${input.workDir}/runs/${runId}/jobs`;
  const listed = await input.files.list(jobs, { signal: input.signal });
  for (const { name: jobId, type } of listed.unwrapOr([])) {
    if (type !== 'directory') continue;
    const done = ASIDE.test(jobId)
      ? await removeAside(input, `${jobs}/${jobId}`)
      : await removeJobDirectory(input, runId, jobId);
    if (done.isErr()) return err(done.error);
    if (done.value !== null) abandoned.push(done.value);
  }
  return ok(undefined);
}

/** Looked at before anything in it goes, which would make it young. */
async function isOldEnough({ files, nowMs, signal }: AbandonedInput, runDir: string): Promise<boolean> {
  for (const path of [`${runDir}/jobs`, runDir]) {
    const stat = await files.lstat(path, { signal });
    if (stat.isOk()) return !isHeld(stat.value.mtimeMs, nowMs);
  }
  return false;
}

/** What a runner leaves that is killed when it has removed its last job's directory, and not yet those around it. They go only when empty. */
async function removeEmptied({ files, signal }: AbandonedInput, runDir: string): Promise<void> {
  const emptied = await files.remove(`${runDir}/jobs`, { signal });
  if (emptied.isOk() || emptied.error.kind === 'not_found') await files.remove(runDir, { signal });
}

async function removeJobDirectory(
  { files, workDir, machines, nowMs, dryRun, signal }: AbandonedInput,
  runId: string,
  jobId: string,
): Promise<Result<string | null, JobFault>> {
  if (!jobIdSchema.safeParse(jobId).success || machines.has(incusInstanceName(runId, jobId))) return ok(null);
  const layout = remoteLayout({ runId, jobId, remoteWorkDir: workDir });
  const used = await readLastUsed(files, layout.remoteJobDir, { marker: OWNER, signal });
  if (used.isErr()) return err(hostFilesFault(used.error, 'clean_up'));
  if (used.value === null || isHeld(used.value, nowMs)) return ok(null);
  const owner = await ownerOf(files, layout, signal);
  if (owner.isErr() || owner.value === null) return ok(null);
  if (!dryRun) {
    const removed = await removeHostDirectory(files, { layout, acquisition: owner.value }, signal);
    if (removed.isErr()) return err(removed.error);
  }
  return ok(layout.remoteJobDir);
}

async function removeAside(
  { files, nowMs, dryRun, signal }: AbandonedInput,
  path: string,
): Promise<Result<string | null, JobFault>> {
  const stat = await files.lstat(path, { signal });
  if (stat.isErr() || isHeld(stat.value.mtimeMs, nowMs)) return ok(null);
  if (dryRun) return ok(path);
  const removed = await files.remove(path, { recursive: true, signal });
  return removed.map(() => path).mapErr((fault) => hostFilesFault(fault, 'clean_up'));
}
