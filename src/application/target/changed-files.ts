import { err, ok, type Result } from 'neverthrow';
import type { WorkspaceScanner } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import type { RunTargetInput } from './target-run.js';

/** What is known to have changed: what the caller names, and what git finds since a revision. Undefined when nobody asked. */
export async function changedFilesOf(
  scanner: WorkspaceScanner,
  { changedFiles, changedSince, workspace, signal }: RunTargetInput,
  host: string,
): Promise<Result<readonly string[] | undefined, JobFault>> {
  if (changedSince === undefined) return ok(changedFiles);
  const found = await scanner.changedSince(workspace, changedSince, signal === undefined ? {} : { signal });
  if (found.isOk()) return ok([...(changedFiles ?? []), ...found.value]);
  const fault = workspaceFault(found.error, host);
  if (found.error.kind !== 'git_failed') return err(fault);
  return err({
    ...fault,
    kind: 'invalid_job',
    field: 'changedSince',
    message: `changedSince: ${found.error.message}`,
  });
}
