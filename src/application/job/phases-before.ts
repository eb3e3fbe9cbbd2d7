import type { JobRecord } from '../../domain/job/job-record.js';
import type { PhaseTiming } from '../../domain/machine/phase.js';
import { phasesOfLog } from '../../domain/records/phases-of-log.js';
import type { FileStore } from '../../ports/file-store.js';

/** A runner that died has put its phases into no outcome: what it told of them is in its log. */
export async function phasesBefore(
  files: FileStore,
  hostLog: string,
  { ended }: JobRecord,
): Promise<readonly PhaseTiming[]> {
  const read = await files.readFile(hostLog);
  const told = read.isErr() ? [] : phasesOfLog(Buffer.from(read.value).toString('utf8')).ended;
  return told.length === 0 ? (ended?.phases ?? []) : told;
}
