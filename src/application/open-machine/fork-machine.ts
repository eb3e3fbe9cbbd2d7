import { err, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import type { OpenMachineSpecInput } from '../../domain/machine/open-machine-spec.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { Machine } from '../machine/machine-backend.js';
import type { ForkOptions, MachineOrigin, OpenMachineInput } from './open-machine-input.js';

const SNAPSHOT_BOUND_MS = 10 * 60_000;

/** A machine that is there, and how its copy is to be. */
export interface ForkSource {
  readonly machine: Machine;
  /** At the bottom of it. */
  readonly image: IncusImageIdentity | null;
  readonly spec: OpenMachineSpecInput;
  readonly snapshotHash: string | null;
  readonly forkedFrom: NonNullable<MachineOrigin['forkedFrom']>;
}

/**
 * Opens a machine with the files of another, as they are now: a snapshot is made of the other one, which goes on, and copied. The snapshot
 * goes when the copy is there, or cannot be; what a killed process leaves of it the daemon removes after an hour.
 */
export async function forkMachine<M>(
  open: (input: OpenMachineInput, origin: MachineOrigin) => Promise<Result<M, OpenMachineFault>>,
  { machine, image, spec, snapshotHash, forkedFrom }: ForkSource,
  { signal, ...options }: ForkOptions,
): Promise<Result<M, OpenMachineFault>> {
  const { context, name } = machine;
  const host = context.shared.remoteHost;
  if (spec.instanceType === 'virtual-machine') {
    const message = `${name} is a virtual machine: only containers can be forked, whose files can be taken as they are while they run`;
    return err({ kind: 'backend_unavailable', phase: null, host, message });
  }
  const bound = awakeBound(SNAPSHOT_BOUND_MS);
  const taken = await machine.snapshot(signal === undefined ? bound : AbortSignal.any([signal, bound]));
  if (taken.isErr()) return err(taken.error);
  const { instance, snapshot } = taken.value;
  if (image === null || context.backend !== 'incus') {
    await taken.value.remove();
    const message = `which image ${name} was made from is not recorded, so it cannot be forked`;
    return err({ kind: 'backend_unavailable', phase: null, host, message });
  }
  const origin = {
    base: { image, copyOf: { instance, snapshot }, isFork: true },
    incusProject: context.incusProject,
    snapshotHash,
    forkedFrom,
  };
  const opened = await open({ ...spec, ...options, ...(signal === undefined ? {} : { signal }) }, origin);
  // A copy that is there is no worse for a snapshot that stays: it goes by itself.
  await taken.value.remove();
  return opened;
}
