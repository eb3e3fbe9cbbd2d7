import { err, ok, type Result } from 'neverthrow';
import type { RunStatus } from '../../domain/events/run-status.js';
import type { CancelRequest } from '../../domain/records/cancel-request.js';
import type { Clock } from '../../ports/clock.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import { type RunQuery, runLayoutFor } from './run-layout-for.js';
import { type RunStateFault, stateFilesFault } from './run-state-fault.js';

/** Longer than a live runner needs to look twice. */
const LONGEST_MS = 20_000;
const LOOK_MS = 500;

/**
 * What became of the wish that a run ends.
 * - `seen`: its runner ends it now, as after one Ctrl-C.
 * - `not_running`: there was nothing to end; `status` says how it stands.
 * - `unseen`: nobody took notice in time, and the wish was withdrawn: the runner is out of reach, stopped, or follows one job only (`attach`).
 */
export type CancelAnswer =
  | { readonly kind: 'seen' }
  | { readonly kind: 'not_running'; readonly status: RunStatus }
  | { readonly kind: 'unseen' };

/** Asks the runner of a run to end it, and waits until it has taken notice. */
export async function cancelRun(
  ports: RecordPorts & { readonly clock: Clock },
  query: RunQuery & { readonly by: string },
): Promise<Result<CancelAnswer, RunStateFault>> {
  const { files, clock } = ports;
  const layout = runLayoutFor(query.stateRoot, query.runId);
  if (layout.isErr()) return err(layout.error);
  const path = layout.value.cancelRequest;
  const standing = async (): Promise<Result<RunStatus, RunStateFault>> =>
    (await loadRunRecord(ports, query)).map(({ status }) => status);
  const before = await standing();
  if (before.isErr()) return err(before.error);
  if (before.value !== 'running') return ok({ kind: 'not_running', status: before.value });
  const request: CancelRequest = {
    asked_at: new Date(clock.now()).toISOString(),
    by: query.by.slice(0, 200),
  };
  const written = await files.writeFile(path, Buffer.from(`${JSON.stringify(request)}\n`), { mode: 0o600 });
  if (written.isErr()) return err(stateFilesFault(written.error));
  const since = clock.monotonic();
  while (clock.monotonic() - since < LONGEST_MS) {
    const slept = await clock.sleep(LOOK_MS, query.signal);
    const there = await files.stat(path);
    if (there.isErr() && there.error.kind === 'not_found') return ok({ kind: 'seen' });
    if (there.isErr()) return err(stateFilesFault(there.error));
    if (slept === 'aborted') break;
  }
  const removed = await files.remove(path);
  if (removed.isErr()) return err(stateFilesFault(removed.error));
  if (query.signal?.aborted === true)
    return err({
      kind: 'aborted',
      path,
      message: `${query.runId} was not asked to end: the call was cancelled`,
    });
  // It may have ended by itself meanwhile.
  const after = await standing();
  if (after.isErr()) return err(after.error);
  return ok(after.value === 'running' ? { kind: 'unseen' } : { kind: 'not_running', status: after.value });
}
