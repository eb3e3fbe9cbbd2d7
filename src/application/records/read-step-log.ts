import { err, ok, type Result } from 'neverthrow';
import { stepIdSchema } from '../../domain/machine/step-values.js';
import { machineStateLayout, stepStateLayout } from '../../domain/records/machine-layout.js';
import { stepRecordSchema } from '../../domain/records/machine-record.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { LogPart, LogReader } from '../../ports/log-reader.js';
import { readRecord } from './read-record.js';
import { checkedRoot } from './run-layout-for.js';
import { badNumber, type RunStateFault, stateFilesFault } from './run-state-fault.js';

const DEFAULT_MAX_BYTES = 256 * 1024;

export interface StepLogQuery {
  readonly stateRoot: string;
  readonly machineId: string;
  readonly step: string;
  /** In bytes; a negative number counts from the end. */
  readonly offset: number;
  /** Default 256 KiB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A piece of the kept log of one step of an open machine, from an offset on; empty while it has written nothing. */
export async function readStepLog(
  ports: { readonly files: FileStore; readonly reader: LogReader },
  query: StepLogQuery,
): Promise<Result<LogPart, RunStateFault>> {
  const { stateRoot, machineId, step, offset, signal } = query;
  const root = checkedRoot(stateRoot);
  if (root.isErr()) return err(root.error);
  const bad = [machineIdSchema.safeParse(machineId), stepIdSchema.safeParse(step)].find((id) => !id.success);
  if (bad !== undefined) {
    const message = bad.error?.issues[0]?.message ?? 'is not an id';
    return err({ kind: 'invalid_id', path: null, message });
  }
  const badRange = badNumber([
    { name: 'offset', value: query.offset ?? null, least: -Number.MAX_SAFE_INTEGER },
    { name: 'maxBytes', value: query.maxBytes },
  ]);
  if (badRange !== null) return err(badRange);
  const layout = stepStateLayout(machineStateLayout(stateRoot, machineId), step);
  const options = signal === undefined ? {} : { signal };
  const range = { offset, maxBytes: query.maxBytes ?? DEFAULT_MAX_BYTES };
  const part = await ports.reader.read(layout.guestLog, range, options);
  if (part.isOk()) {
    const { offset: at, data, size } = part.value;
    if (at + data.length < size) return ok(part.value);
    const step = await readRecord(ports.files, layout.stepRecord, stepRecordSchema, signal);
    const outcome = step.isOk() ? step.value.outcome : null;
    if (outcome?.log_cut !== true) return ok(part.value);
    return ok({ ...part.value, writtenBytes: outcome.log_bytes });
  }
  if (part.error.kind !== 'not_found') return err(stateFilesFault(part.error));
  const record = await ports.files.lstat(layout.stepRecord, options);
  if (record.isOk()) return ok({ data: new Uint8Array(), offset: 0, size: 0 });
  const message = `there is no record of the step ${step} of the machine ${machineId}: ${layout.stepRecord} does not exist`;
  return err({ kind: 'no_such_step', path: layout.stepRecord, message });
}
