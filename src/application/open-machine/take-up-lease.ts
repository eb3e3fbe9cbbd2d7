import { err, ok, type Result } from 'neverthrow';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import type { Clock } from '../../ports/clock.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { HostTime } from '../lease/host-time.js';
import { type LeaseFault, writeLease } from '../lease/write-lease.js';
import { anotherDaemon } from '../machine/another-daemon.js';
import type { Machine } from '../machine/machine-backend.js';

const BOUND_MS = 60_000;
/** How often, and with which pauses, a machine is looked at that another operation holds. */
const LOOKS = 40;
const LOOK_MS = 250;

export interface TakeUpLease {
  readonly id: string;
  readonly machine: Machine;
  readonly record: MachineRecord;
  readonly hostTime: HostTime;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** The one that answers. */
  readonly daemon: () => string | null;
}

/** Renews the lease of a recorded machine as its owner: of one that is gone, or a reaper's, nothing can be had any more. */
export async function takeUpLease(
  { id, machine, record, hostTime, clock, leaseMs, daemon }: TakeUpLease,
  signal: AbortSignal | undefined,
): Promise<Result<void, OpenMachineFault>> {
  const bound = awakeBound(BOUND_MS);
  const within = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  await hostTime.learn(within);
  const lease = { owner: record.owner, expiresAtMs: hostTime.now() + leaseMs };
  let written = await writeLease(machine.lease, lease, record.owner, within);
  // While it is stopped by another process nothing of it can be changed; soon it is gone.
  for (let look = 1; look < LOOKS && isBusy(written) && !within.aborted; look++) {
    await clock.sleep(LOOK_MS, within);
    written = await writeLease(machine.lease, lease, record.owner, within);
  }
  if (written.isOk()) return ok(undefined);
  const { error } = written;
  const host = machine.context.shared.remoteHost;
  if (error.kind === 'superseded') {
    const message = `the machine ${id} is not this record's any more: ${error.message}`;
    return err({ kind: 'machine_gone', host, message });
  }
  if (error.kind !== 'not_found') return err(error.fault);
  const elsewhere = anotherDaemon(record, daemon());
  if (elsewhere !== null)
    return err({ kind: 'config_mismatch', phase: null, host, message: `the machine ${id} ${elsewhere}` });
  const message = `the machine ${id} is gone: ${host} has no ${machine.name}; its lease ended and it was reaped, somebody removed it, or its opener was killed before it was made`;
  const { cause } = error.fault;
  return err({ kind: 'machine_gone', host, message, ...(cause === undefined ? {} : { cause }) });
}

function isBusy(written: Result<void, LeaseFault>): boolean {
  return written.isErr() && written.error.kind === 'failed' && written.error.fault.cause?.kind === 'busy';
}
