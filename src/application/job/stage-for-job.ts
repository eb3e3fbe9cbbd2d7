import { err, ok, type Result } from 'neverthrow';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import { stageWorkspace } from '../snapshot/stage-workspace.js';
import type { HostOfJob, RunJobCall } from './run-job-call.js';

export interface StageForJob {
  readonly there: Pick<HostOfJob, 'hostFiles' | 'shell'> & { readonly stageSnapshot: StageSnapshot };
  readonly scan: NonNullable<RunJobCall['scan']>;
  readonly input: Pick<RunJobCall, 'artifactsFrom' | 'outputs'>;
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

/** Puts on the host, or on the member of a cluster where it runs, all that a job mounts of what is elsewhere: its workspace, the artifacts of others, and prepared outputs. */
export async function stageForJob({
  there,
  scan,
  input,
  journal,
  signal,
}: StageForJob): Promise<
  Result<{ readonly snapshot: WorkspaceSnapshot; readonly artifacts: readonly StagedArtifacts[] }, JobFault>
> {
  const { stageSnapshot, hostFiles } = there;
  const [staged, given] = await Promise.all([
    stageWorkspace({ scan, stageSnapshot, journal, host: hostFiles.host, signal }),
    input.artifactsFrom?.(there, journal, signal) ?? ok([]),
  ]);
  if (given.isErr()) return err(given.error);
  if (staged.isErr()) return err(staged.error);
  // The work directory is there by now, as it has to be.
  const brought = await input.outputs?.bring(there, signal);
  if (brought?.isErr()) return err(brought.error);
  return ok({ snapshot: staged.value, artifacts: given.value });
}
