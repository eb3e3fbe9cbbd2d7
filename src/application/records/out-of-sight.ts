import { jobStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { LockFiles } from '../lock/lock-files.js';
import type { RecordPorts } from './interrupted-run.js';

/**
 * What is to be said of a run whose runner is on another machine, or in another container: with a shared state root it may run or be gone, and
 * nobody can tell from here. Null when the runner can be seen. Times of files are their server's.
 */
export async function whyOutOfSight(
  { files, processes }: RecordPorts,
  stateRoot: string,
  { run_id: runId, runner, jobs }: Pick<RunRecord, 'run_id' | 'runner' | 'jobs'>,
): Promise<string | null> {
  if (runner === undefined || (await processes.state(runner)) !== 'unknown') return null;
  const run = runStateLayout(stateRoot, runId);
  const open = jobs.filter(({ id, status }) => status === 'running' && jobIdSchema.safeParse(id).success);
  const signs = await Promise.all([
    changedAt(files, run.runRecord),
    changedAt(files, run.events),
    ...open.map(({ id }) => new LockFiles(files, jobStateLayout(stateRoot, runId, id).jobDir).lastBeat()),
  ]);
  const last = Math.max(0, ...signs.flatMap((sign) => sign ?? []));
  const since = last === 0 ? '' : `; the last sign of it is of ${new Date(last).toISOString()}`;
  const attach = `"pikaci attach ${runId} JOB" finds out, and resumes a job of one that is gone`;
  return `its runner is on ${runner.hostname} (process ${runner.pid}), and cannot be seen from here${since}; ${attach}`;
}

async function changedAt(files: FileStore, path: string): Promise<number | null> {
  const found = await files.stat(path);
  return found.isOk() ? found.value.mtimeMs : null;
}
