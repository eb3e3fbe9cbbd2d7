import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { hasEnded, isFollowed, type RecordPorts } from '../records/interrupted-run.js';

/** Whether what goes on of a run was left running on purpose, and nobody follows it: another runner may go on with all of it. */
export async function isLeftRunning(ports: RecordPorts, stateRoot: string, run: RunRecord): Promise<boolean> {
  const left = run.jobs.filter(({ status }) => status === 'detached');
  const others = run.jobs.some(({ status }) => status === 'running' || status === 'pending');
  if (run.status !== 'running' || left.length === 0 || others || !(await hasEnded(ports, run))) return false;
  const followed = left.map(({ id }) => isFollowed(ports, jobStateLayout(stateRoot, run.run_id, id)));
  return !(await Promise.all(followed)).includes(true);
}
