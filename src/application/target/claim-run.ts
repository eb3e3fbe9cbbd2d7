import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import type { RunCopyMark } from '../../domain/records/run-copy-layout.js';
import { type RunStateLayout, runFiles } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';

export function jsonBytes(record: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

/** Makes a run's directory with its first records in it. It appears by one rename, so that there is never a run without a record. */
export async function claimRun(
  files: FileStore,
  state: RunStateLayout,
  records: { readonly run: RunRecord; readonly plan: PlanRecord; readonly copy?: RunCopyMark },
): Promise<Result<void, JobFault>> {
  const making = runFiles(`${state.runsDir}/.new-${randomBytes(8).toString('hex')}`);
  const made = await files.makeDirectory(making.runDir);
  if (made.isErr()) return err(localFilesFault(made.error, null));
  const [run, plan, mark] = await Promise.all([
    files.writeFile(making.runRecord, jsonBytes(records.run)),
    files.writeFile(making.planRecord, jsonBytes(records.plan)),
    records.copy === undefined ? ok(undefined) : files.writeFile(making.copyMark, jsonBytes(records.copy)),
  ]);
  const written = [run, plan, mark].find((one) => one.isErr()) ?? ok(undefined);
  const claimed = written.isErr() ? written : await files.rename(making.runDir, state.runDir);
  if (claimed.isOk()) return ok(undefined);
  await files.remove(making.runDir, { recursive: true });
  const { kind } = claimed.error;
  if (kind !== 'not_empty' && kind !== 'already_exists') return err(localFilesFault(claimed.error, null));
  const message = `${state.runDir} is there already: give this run another id`;
  return err({ kind: 'run_exists', phase: null, host: files.host, message, field: 'runId' });
}
