import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from '../machine/machine-backend.js';

/**
 * What a taken-up job's log must be masked with. Without them nothing is followed: an unmasked log is worse than none. Null when the job
 * was never handed to its machine: its runner ended before that, and had the secrets with it.
 */
export async function secretsToMask(
  { supervisor, context }: Machine,
  record: JobRecord,
  signal: AbortSignal,
): Promise<Result<Readonly<Record<string, string>> | null, JobFault>> {
  if (record.secret_names.length === 0) return ok({});
  const host = context.shared.remoteHost;
  const unknown = (why: string): JobFault => ({
    kind: 'guest',
    phase: null,
    host,
    message: `the secrets to mask could not be had from ${supervisor.description}: ${why}`,
  });
  const told = await supervisor.secrets({ signal });
  if (told.isErr()) return err(unknown(told.error.message));
  const missing = record.secret_names.find((name) => told.value[name] === undefined);
  if (missing === undefined) return ok(told.value);
  const status = await supervisor.status({ signal });
  if (status.isOk() && status.value.state === 'absent') return ok(null);
  return err(unknown(`it does not know ${missing}`));
}
