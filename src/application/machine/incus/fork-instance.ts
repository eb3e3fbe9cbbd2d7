import { err, ok, type Result } from 'neverthrow';
import type { Lease } from '../../../domain/machine/lease.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevice, IncusDevices, IncusInstance } from '../../../ports/incus-types.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import { copyOfCopies } from './copy-of-copies.js';
import { launchInstance } from './launch-instance.js';
import { makeItsOwn, takeOverWorkspace } from './own-identity.js';
import type { IncusRuntime } from './prepare-runtime.js';
import { removeInstance } from './remove-instance.js';

const PHASE = 'launch_guest';
const REMOVE_BOUND_MS = 90_000;

type Ports = { readonly incus: IncusApi; readonly clock: Clock };

/**
 * Makes a machine with the files of another, of which there is a snapshot. It is made without being started: what must not be the same in
 * both is taken out first. Of the other one's devices it has none but those that are its own plan's as well, and copies of its caches.
 */
export async function forkInstance(
  ports: Ports,
  context: RemoteIncusContext,
  runtime: IncusRuntime,
  lease: Lease,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const { incus } = ports;
  const { source } = runtime.instance;
  if (source === 'none' || !('copyOf' in source)) throw new Error('a fork is a copy');
  const { incusProject: project, incusInstanceName: name } = context;
  const { acquisition } = lease;
  const found = await incus.instance(project, source.copyOf.instance, { signal });
  if (found.isErr()) return err(incusFault(found.error, PHASE));
  const original = found.value.value;
  const caches = await copyOfCopies(incus, { project, original, lease }, signal);
  if (caches.isErr()) return err(caches.error);
  const devices = { ...devicesOf(original, runtime.instance.devices), ...caches.value.devices };
  const stopped = { ...runtime, instance: { ...runtime.instance, start: false, devices } };
  const made = await launchInstance(ports, context, stopped, lease, signal);
  if (made.isErr()) {
    await caches.value.discard();
    return err(made.error);
  }
  const begun = await begin(incus, { project, name }, signal);
  if (begun.isOk()) return ok(undefined);
  // What fails here is left to a reaper: the instance has its lease.
  await removeInstance(ports, { project, name, acquisition }, awakeBound(REMOVE_BOUND_MS));
  return begun;
}

/** A device of the original's that is not said anew would be in the copy as well. */
function devicesOf({ devices: originals }: IncusInstance, planned: IncusDevices): IncusDevices {
  const masked = Object.keys(originals).map((name): [string, IncusDevice] => [name, { type: 'none' }]);
  const own = Object.entries(planned).map(([name, device]): [string, IncusDevice] => {
    const { shift, ...plain } = device;
    // Where the daemon refused it to the original, it does so again, and only when the copy is started.
    const isRefused = shift !== undefined && originals[name] !== undefined && !originals[name]['shift'];
    return [name, isRefused ? plain : device];
  });
  return { ...Object.fromEntries(masked), ...Object.fromEntries(own) };
}

async function begin(
  incus: IncusApi,
  at: { readonly project: string; readonly name: string },
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const own = await makeItsOwn(incus, at, signal);
  if (own.isErr()) return err(incusFault(own.error, PHASE));
  const start = { action: 'start', timeoutSecs: 30, force: false } as const;
  const started = await incus.changeState(at.project, at.name, start, { signal });
  return started.isErr() ? err(incusFault(started.error, PHASE)) : await takeOverWorkspace(incus, at, signal);
}
