import { err, ok, type Result } from 'neverthrow';
import type { OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import type { JobFault } from '../faults/job-fault.js';
import type { AcquiredMachine } from '../machine/acquire-machine.js';
import { releaseMachine } from '../machine/release-machine.js';
import {
  type AcquireTogether,
  acquireWithServices,
  type ServedMachine,
} from '../services/acquire-with-services.js';
import { saveMachineRecord } from './machine-records.js';
import type { MachineSession } from './machine-session.js';
import type { OpenMachineParts } from './open-machine-parts.js';

export interface OpenWithServices {
  readonly session: MachineSession;
  readonly options: Pick<OpenMachineSpec, 'services' | 'leaseSecs'>;
  readonly state: MachineStateLayout;
  /** How long room is waited for. */
  readonly quotaWaitMs: number;
  readonly acquire: (call: AcquireTogether) => Promise<Result<AcquiredMachine<MachineRecord>, JobFault>>;
  readonly signal: AbortSignal;
}

/** A machine without what it is to have beside it is not opened. */
export async function openWithServices(
  parts: OpenMachineParts,
  { session, options, state, quotaWaitMs, acquire, signal }: OpenWithServices,
): Promise<Result<ServedMachine<MachineRecord>, JobFault>> {
  const { localFiles, hostFiles } = parts.ports;
  const isOurs = async () => true;
  const { services: specs = [], leaseSecs } = options;
  const leaseMs = leaseSecs * 1000;
  const call = { job: session, specs, bases: new Map(), leaseMs, quotaWaitMs, acquire, isOurs, signal };
  const opened = await acquireWithServices(parts, parts.jobServices, call);
  if (opened.isErr()) return err(opened.error);
  const { services, notReady, machine } = opened.value;
  if (services === undefined) return ok(opened.value);
  const record = { ...opened.value.record, services: services.record };
  const host = machine.context.shared.remoteHost;
  const fault = notReady === undefined ? null : notReadyFault(host, notReady);
  const saved = fault === null ? await saveMachineRecord(localFiles, state, record) : err(fault);
  if (saved.isOk()) return ok({ ...opened.value, record });
  await services.stop();
  await releaseMachine(machine, hostFiles, session);
  return err(saved.error);
}

function notReadyFault(host: string, message: string): JobFault {
  return { kind: 'guest', phase: 'start_services', host, message };
}
