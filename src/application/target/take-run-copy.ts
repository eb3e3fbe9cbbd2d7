import { err, ok, type Result } from 'neverthrow';
import { type RunCopyMark, runCopyLayout, runCopyMarkSchema } from '../../domain/records/run-copy-layout.js';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault, localFilesFault } from '../faults/port-faults.js';
import { readRecord } from '../records/read-record.js';
import { whyItsRunnerLives } from '../recover/find-run-copies.js';
import { whoTookOver } from '../recover/who-took-over.js';
import { jsonBytes } from './claim-run.js';
import { newCopyMark } from './copy-of-run.js';
import type { RunTargetParts } from './run-target-parts.js';

const BOUND_MS = 60_000;

interface RunHere {
  readonly runId: string;
  readonly state: RunStateLayout;
}

/**
 * Makes the copy on the host this runner's own, by another name: whoever had it before writes nothing into it any more. A run whose copy was there
 * and is not has gone on elsewhere; what is recorded here is behind that then.
 */
export async function takeRunCopy(
  { ports, settings, hostTime }: RunTargetParts,
  { runId, state }: RunHere,
): Promise<Result<RunCopyMark, JobFault>> {
  const { localFiles, hostFiles } = ports;
  const { workDir } = settings;
  const read = await readRecord(localFiles, state.copyMark, runCopyMarkSchema);
  // A run of an earlier version has none.
  const before = read.isOk() ? read.value : undefined;
  const mark = newCopyMark(before);
  const signal = awakeBound(BOUND_MS);
  const fault = (kind: JobFault['kind'], message: string) =>
    err({ kind, phase: null, host: hostFiles.host, message, field: 'run' } as const);
  if (before !== undefined && before.state !== 'none') {
    // Another may have had it since, and hold it.
    const at = { files: hostFiles, processes: ports.processes, clock: ports.clock, hostTime };
    await hostTime.learn(signal);
    const lives = await whyItsRunnerLives(at, { workDir, name: { runId, token: before.token } }, signal);
    if (lives !== null) return fault('job_in_use', `${runId}: ${lives}`);
  }
  const noted = await localFiles.writeFile(state.copyMark, jsonBytes(mark));
  if (noted.isErr()) return err(localFilesFault(noted.error, null));
  if (before === undefined || before.state === 'none') return ok({ ...mark, state: 'making' });
  const to = runCopyLayout(workDir, { runId, token: mark.token }).directory;
  for (const token of [...mark.taken_from].reverse()) {
    const from = runCopyLayout(workDir, { runId, token }).directory;
    const moved = await hostFiles.rename(from, to, { signal });
    if (moved.isOk()) return ok(mark);
    if (moved.error.kind !== 'not_found') return err(hostFilesFault(moved.error, null));
  }
  if (before.state === 'making') return ok(mark);
  const name = { runId, token: before.token };
  const who = await whoTookOver(hostFiles, { workDir, name }, signal);
  // What is noted is what is known: the next one comes to the same end.
  await localFiles.writeFile(state.copyMark, jsonBytes(before));
  const message =
    who === null
      ? `${runId} has gone on without this state root, as the copy of its records on ${hostFiles.host} is gone: another runner has ended it, or its age was over. "pikaci rerun ${runId}" runs it again`
      : `${runId} goes on without this state root: ${who} has taken it over`;
  return fault(who === null ? 'superseded' : 'job_in_use', message);
}

/** Removes the copy of a run that has ended here, whose runner died before it did. */
export async function forgetRunCopy(
  { ports, settings }: RunTargetParts,
  { runId, state }: RunHere,
): Promise<void> {
  const read = await readRecord(ports.localFiles, state.copyMark, runCopyMarkSchema);
  if (read.isErr()) return;
  const signal = awakeBound(BOUND_MS);
  for (const token of [read.value.token, ...read.value.taken_from]) {
    const { directory } = runCopyLayout(settings.workDir, { runId, token });
    await ports.hostFiles.remove(directory, { recursive: true, signal });
  }
}
