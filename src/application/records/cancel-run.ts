import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { RunStatus } from '../../domain/events/run-status.js';
import type { CancelRequest } from '../../domain/records/cancel-request.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
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
    id: randomUUID(),
  };
  const wish = Buffer.from(`${JSON.stringify(request)}\n`);
  const written = await files.writeFile(path, wish, { mode: 0o600 });
  if (written.isErr()) return err(stateFilesFault(written.error));
  const seen = async (): Promise<Result<boolean, RunStateFault>> => {
    const there = await files.stat(path);
    if (there.isOk()) return ok(false);
    return there.error.kind === 'not_found' ? ok(true) : err(stateFilesFault(there.error));
  };
  const since = clock.monotonic();
  let slept: 'elapsed' | 'aborted' = 'elapsed';
  while (slept === 'elapsed' && clock.monotonic() - since < LONGEST_MS) {
    slept = await clock.sleep(LOOK_MS, query.signal);
    // It may end by itself meanwhile: how it stands is asked before whether somebody has seen the wish.
    const now = await standing();
    const isSeen = await seen();
    if (isSeen.isErr()) return err(isSeen.error);
    if (isSeen.value) return ok({ kind: 'seen' });
    if (now.isOk() && now.value !== 'running') break;
  }
  const withdrawn = await withdraw(files, path, wish);
  if (withdrawn.isErr()) return err(withdrawn.error);
  if (query.signal?.aborted === true)
    return err({
      kind: 'aborted',
      path,
      message: `${query.runId} was not asked to end: the call was cancelled`,
    });
  const after = await standing();
  if (after.isErr()) return err(after.error);
  return ok(after.value === 'running' ? { kind: 'unseen' } : { kind: 'not_running', status: after.value });
}

/** Leaves what somebody else has asked since: to them its being gone would say that the runner has seen it. */
async function withdraw(
  files: FileStore,
  path: string,
  wish: Uint8Array,
): Promise<Result<void, RunStateFault>> {
  const there = await files.readFile(path, { maxBytes: wish.length });
  if (there.isOk() && Buffer.compare(there.value, wish) !== 0) return ok(undefined);
  if (there.isErr() && (there.error.kind === 'not_found' || there.error.kind === 'too_large'))
    return ok(undefined);
  const removed = await files.remove(path);
  return removed.mapErr(stateFilesFault);
}
