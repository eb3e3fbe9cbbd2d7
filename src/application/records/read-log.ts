import { err, ok, type Result } from 'neverthrow';
import { isServiceName } from '../../domain/machine/service-spec.js';
import { attemptStateLayout, jobStateLayout, serviceStateLayout } from '../../domain/records/run-layout.js';
import type { LogPart, LogReader } from '../../ports/log-reader.js';
import type { RunQuery } from './run-layout-for.js';
import { checkedJob, runLayoutFor } from './run-layout-for.js';
import { badNumber, type RunStateFault, stateFilesFault } from './run-state-fault.js';

const DEFAULT_MAX_BYTES = 256 * 1024;

export interface LogPartQuery extends RunQuery {
  readonly job: string;
  readonly kind: 'host' | 'guest';
  /** That of a service of the job, by its name. */
  readonly service?: string | undefined;
  /** An earlier attempt of the job; the last one when left out. */
  readonly attempt?: number | undefined;
  /** In bytes; a negative number counts from the end. */
  readonly offset: number;
  /** Default 256 KiB. */
  readonly maxBytes?: number | undefined;
}

/** A piece of one log from an offset on; empty, and of size 0, while there is no file yet. For those who follow a run. */
export async function readLog(
  reader: LogReader,
  query: LogPartQuery,
): Promise<Result<LogPart, RunStateFault>> {
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const job = checkedJob(query.job);
  if (job.isErr()) return err(job.error);
  const bad = badNumber([
    { name: 'offset', value: query.offset ?? null, least: -Number.MAX_SAFE_INTEGER },
    { name: 'maxBytes', value: query.maxBytes },
    { name: 'attempt', value: query.attempt, least: 1 },
  ]);
  if (bad !== null) return err(bad);
  const { stateRoot, runId, attempt } = query;
  const ofJob =
    attempt === undefined
      ? jobStateLayout(stateRoot, runId, job.value)
      : attemptStateLayout(stateRoot, runId, job.value, attempt);
  if (query.service !== undefined && !isServiceName(query.service))
    return err({
      kind: 'invalid_id',
      path: null,
      message: `${JSON.stringify(query.service)} is no name of a service`,
    });
  const state = query.service === undefined ? ofJob : serviceStateLayout(ofJob, query.service);
  const range = { offset: query.offset, maxBytes: query.maxBytes ?? DEFAULT_MAX_BYTES };
  const options = query.signal === undefined ? {} : { signal: query.signal };
  const part = await reader.read(query.kind === 'host' ? state.hostLog : state.guestLog, range, options);
  if (part.isOk()) return ok(part.value);
  if (part.error.kind === 'not_found') return ok({ data: new Uint8Array(), offset: 0, size: 0 });
  return err(stateFilesFault(part.error));
}
