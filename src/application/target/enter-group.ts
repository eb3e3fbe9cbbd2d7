import { err, type Result } from 'neverthrow';
import { type Concurrency, groupOf } from '../../domain/target/concurrency.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import { RunGroup } from './run-group.js';
import type { RunTargetParts } from './run-target-parts.js';
import type { RunTargetInput } from './target-run.js';

interface EnterGroup {
  readonly concurrency: Concurrency;
  readonly asked: RunTargetInput;
  readonly runId: string;
}

/** The run's place in the group of its target. */
export async function enterGroup(
  { ports, settings, hostTime, workDirectory }: RunTargetParts,
  { concurrency, asked, runId }: EnterGroup,
): Promise<Result<RunGroup, JobFault>> {
  const { shell, scanner, hostFiles: files, clock } = ports;
  const signal = asked.signal ?? new AbortController().signal;
  const fault = (field: string, message: string): JobFault => ({
    kind: 'invalid_job',
    phase: null,
    host: shell.host,
    message,
    field,
  });
  if (asked.onAbort === 'detach')
    return err(
      fault(
        'onAbort',
        'a run of a group cannot be left running when it is cancelled: another would begin beside it',
      ),
    );
  let branch = asked.branch ?? null;
  if (branch === null && concurrency.group.includes('${branch}')) {
    const revision = await scanner.revision(asked.workspace, { signal });
    if (revision.isErr()) return err(workspaceFault(revision.error, shell.host));
    branch = revision.value?.branch ?? null;
    if (branch === null)
      return err(
        fault(
          'branch',
          `the group "${concurrency.group}" needs a branch, and none is checked out: name it (--branch)`,
        ),
      );
  }
  const usable = await workDirectory.ensure(signal);
  if (usable.isErr()) return err(usable.error);
  const { workDir, trust, reconnectMs: patienceMs } = settings;
  const group = groupOf(concurrency, { branch, target: asked.target, trust });
  const { cancelInProgress } = concurrency;
  const place = { files, clock, hostTime, workDir, group };
  return await RunGroup.enter({ ...place, runId, cancelInProgress, patienceMs, signal });
}
