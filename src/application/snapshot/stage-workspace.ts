import { err, type Result } from 'neverthrow';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import type { StageSnapshot } from './stage-snapshot.js';

type Scan = () => Promise<Result<WorkspaceSnapshot, ScanFault>>;

export interface StageWorkspace {
  readonly scan: Scan;
  readonly stageSnapshot: Pick<StageSnapshot, 'stage'>;
  readonly journal: Journal;
  readonly host: string;
  readonly signal: AbortSignal;
}

/** Reads a workspace and puts it on the host, unless that has it; tells how far it is. */
export async function stageWorkspace(input: StageWorkspace): Promise<Result<WorkspaceSnapshot, JobFault>> {
  const { journal, stageSnapshot, signal } = input;
  const scanned = await input.scan();
  if (scanned.isErr()) return err(workspaceFault(scanned.error, input.host));
  const staged = await stageSnapshot.stage(scanned.value, {
    signal,
    onProgress: ({ bytes, totalBytes }) =>
      journal.emit({ type: 'upload_progress', bytes, total_bytes: totalBytes }),
  });
  return staged.map(() => scanned.value);
}
