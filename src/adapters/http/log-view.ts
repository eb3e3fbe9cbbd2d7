import { err, ok, type Result } from 'neverthrow';
import { isFinal } from '../../domain/run-status.js';
import type { LogView } from './pages/log-page.js';
import { notFound, type Refusal, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

/** Of a part of a log: what one page shows. */
const PART_BYTES = 256 * 1024;

export interface LogViewCall {
  readonly runId: string;
  readonly job: string;
  readonly kind: 'host' | 'guest';
  /** The last one when left out. */
  readonly part: number | undefined;
  readonly search: string;
  readonly signal: AbortSignal;
}

/** One part of a log. A line that lies across two parts is shown in both, cut. */
export async function logView(
  { stateRoot, source }: ServedRuns,
  { runId, job, kind, part, search, signal }: LogViewCall,
): Promise<Result<LogView, Refusal>> {
  const run = await source.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return err(refusalOf(run.error));
  const recorded = run.value.jobs.find(({ id }) => id === job);
  if (recorded === undefined) return err(notFound(`run ${runId} has no job ${job}`));
  const read = (offset: number, maxBytes: number) =>
    source.readLog(stateRoot, runId, { job, kind, offset, maxBytes, signal });
  const end = await read(0, 0);
  if (end.isErr()) return err(refusalOf(end.error));
  const parts = Math.max(1, Math.ceil(end.value.size / PART_BYTES));
  const shown = part ?? parts - 1;
  if (shown >= parts) return err(notFound(`the log has ${parts} parts`));
  const text = await read(shown * PART_BYTES, PART_BYTES);
  if (text.isErr()) return err(refusalOf(text.error));
  return ok({
    runId,
    job,
    kind,
    text: new TextDecoder().decode(text.value.data),
    part: shown,
    parts,
    going: !isFinal(recorded.status),
    search,
  });
}
