import { ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from '../machine/machine-backend.js';
import { secretsToMask } from './secrets-to-mask.js';

/** What is found of a recorded job that has no outcome yet. */
export type FoundJob =
  /** With what its log is to be masked with. */
  | { readonly kind: 'there'; readonly masks: Readonly<Record<string, string>> }
  /** It may have begun, and nobody knows how it ended. */
  | { readonly kind: 'lost'; readonly message: string }
  /** Its machine never had it, and will not. */
  | { readonly kind: 'never_began' };

export interface FindJob {
  readonly files: FileStore;
  readonly state: JobStateLayout;
  readonly record: JobRecord;
  readonly machine: Machine;
  /** The machine is not there. */
  readonly isGone: boolean;
}

/** Tells a job that was lost from one that never began. What may have begun is never said not to have. */
export async function findJob(
  { files, state, record, machine, isGone }: FindJob,
  signal: AbortSignal,
): Promise<Result<FoundJob, JobFault>> {
  const lost = (message: string) => ok({ kind: 'lost', message } as const);
  if (isGone && record.ended !== undefined)
    return lost('the machine was gone before its artifacts were brought back');
  const wasKept = record.handed_over_at === null;
  // Secrets went with the runner that had them: a job that needs some cannot be begun by another.
  // Neither can one whose services may not be ready.
  const isServed = Array.isArray(record.job_spec['services']) && record.job_spec['services'].length > 0;
  if (wasKept && (isGone || isServed || record.secret_names.length > 0)) return ok({ kind: 'never_began' });
  if (isGone) return lost('the machine is gone, and left no exit record');
  if (record.hand_over_unknown === true) {
    const known = await machine.lease.read(signal);
    if (known.isOk() && known.value.isStopped === true)
      return known.value.isQueued === true
        ? ok({ kind: 'never_began' })
        : lost('the machine is stopped, and it is not known whether it had the job');
    // Its services may not be ready, and nobody will begin it.
    const told = isServed ? await machine.supervisor.status({ signal }) : null;
    if (told?.isOk() === true && told.value.state === 'absent') return ok({ kind: 'never_began' });
  }
  // It waited for what it asks of its host, or was being started: nobody will start it.
  const place = wasKept ? await machine.lease.read(signal) : null;
  if (place?.isOk() === true && place.value.isStopped === true) return ok({ kind: 'never_began' });
  if (wasKept) return ok({ kind: 'there', masks: {} });
  const masks = await secretsToMask(machine, record, signal);
  return masks.isErr() || masks.value !== null
    ? masks.map((known) => ({ kind: 'there', masks: known ?? {} }))
    : await absent();

  /** The guest itself says that it was never given the job. Where a part of its log is kept, it does not say the truth. */
  async function absent(): Promise<Result<FoundJob, JobFault>> {
    const log = await files.stat(state.guestLog);
    const isEmpty = log.isErr() ? log.error.kind === 'not_found' : log.value.size === 0;
    return isEmpty ? ok({ kind: 'never_began' }) : lost('the guest has no record of the job any more');
  }
}
