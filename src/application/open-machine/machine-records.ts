import { err, ok, type Result } from 'neverthrow';
import type { z } from 'zod';
import type { MachineStateLayout, StepStateLayout } from '../../domain/records/machine-layout.js';
import {
  type MachineRecord,
  machineRecordSchema,
  type StepRecord,
  stepRecordSchema,
} from '../../domain/records/machine-record.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { readRecord } from '../records/read-record.js';

/** The record has the machine's owner token. */
const PRIVATE = { mode: 0o600 } as const;

export function saveMachineRecord(
  files: FileStore,
  state: MachineStateLayout,
  record: MachineRecord,
): Promise<Result<void, JobFault>> {
  return save(files, state.machineRecord, record);
}

export function saveStepRecord(
  files: FileStore,
  state: StepStateLayout,
  record: StepRecord,
): Promise<Result<void, JobFault>> {
  return save(files, state.stepRecord, record);
}

/** Says in its record that the machine is gone. What cannot be written now is found out again. */
export async function markGone(
  { localFiles, clock }: { readonly localFiles: FileStore; readonly clock: Clock },
  state: MachineStateLayout,
  record: MachineRecord,
): Promise<void> {
  if (record.gone_at !== undefined) return;
  const gone_at = new Date(clock.now()).toISOString();
  await saveMachineRecord(localFiles, state, { ...record, gone_at });
}

export function loadMachineRecord(
  files: FileStore,
  state: MachineStateLayout,
): Promise<Result<MachineRecord, OpenMachineFault>> {
  const message = `there is no record of this machine: ${state.machineRecord} does not exist`;
  return load(files, state.machineRecord, machineRecordSchema, { kind: 'no_such_machine', message });
}

export async function loadStepRecord(
  files: FileStore,
  state: StepStateLayout,
): Promise<Result<StepRecord, OpenMachineFault>> {
  const message = `there is no record of this step: ${state.stepRecord} does not exist`;
  const record = await load(files, state.stepRecord, stepRecordSchema, { kind: 'no_such_step', message });
  const isMissing = record.isErr() && record.error.kind === 'no_such_step';
  if (!isMissing || (await files.lstat(state.stepDir)).isErr()) return record;
  const why = `this step never began: its runner ended before ${state.stepRecord} was written; run it again, under this id or another`;
  return err({ ...record.error, message: why });
}

async function save(files: FileStore, path: string, record: unknown): Promise<Result<void, JobFault>> {
  const written = await files.writeFile(path, Buffer.from(`${JSON.stringify(record, null, 2)}\n`), PRIVATE);
  return written.mapErr((fault) => localFilesFault(fault, null));
}

async function load<T>(
  files: FileStore,
  path: string,
  schema: z.ZodType<T>,
  missing: { readonly kind: 'no_such_machine' | 'no_such_step'; readonly message: string },
): Promise<Result<T, OpenMachineFault>> {
  const record = await readRecord(files, path, schema);
  if (record.isOk()) return ok(record.value);
  const { error } = record;
  if (error.kind === 'missing') return err({ ...missing, host: files.host, cause: error.cause });
  const cause = error.cause === undefined ? {} : { cause: error.cause };
  return err({ kind: 'local_files', phase: null, host: files.host, message: error.message, ...cause });
}
