import { err, ok, type Result } from 'neverthrow';
import { isSameAcquisition } from '../../../domain/machine/acquisition.js';
import { type Lease, newLeaseConfig, readLease } from '../../../domain/machine/lease.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import { withoutShift } from './instance-devices.js';
import type { IncusRuntime } from './prepare-runtime.js';
import { quotaFault } from './project-quota.js';
import { removeInstance } from './remove-instance.js';
import { whyNotFound } from './why-not-found.js';

const PHASE = 'launch_guest';
/** How long, in looks with pauses, an instance is waited for that may be being made by a request without an answer. */
const LOOKS = 15;
const LOOK_PAUSE_MS = 200;

/** Creates and starts the machine in one call. Whatever a failed call has left behind is removed. */
export async function launchInstance(
  ports: { readonly incus: IncusApi; readonly clock: Clock },
  context: RemoteIncusContext,
  runtime: IncusRuntime,
  lease: Lease,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const { incus } = ports;
  const instance = { ...runtime.instance, config: { ...runtime.instance.config, ...newLeaseConfig(lease) } };
  const created = await incus.createInstance(context.incusProject, instance, { signal });
  if (created.isOk()) return ok(undefined);
  if (created.error.kind === 'already_exists') {
    const message = `an instance ${context.incusInstanceName} is there already: this run and job were started before`;
    return err({ kind: 'run_exists', phase: PHASE, host: incus.host, message, cause: created.error });
  }
  // Without a connection nothing was sent.
  if (created.error.kind !== 'unreachable')
    await removeOwn(ports, context, lease, unanswered(created.error) ? LOOKS : 1);
  const plain = withoutShift(instance.devices);
  if (
    !signal.aborted &&
    refusesShift(created.error) &&
    JSON.stringify(plain) !== JSON.stringify(instance.devices)
  ) {
    const again: IncusRuntime = { ...runtime, instance: { ...runtime.instance, devices: plain } };
    return launchInstance(ports, context, again, lease, signal);
  }
  if (created.error.kind === 'quota_reached') {
    const at = { project: context.incusProject, instance };
    return err(incusFault(await quotaFault(incus, at, created.error, signal), PHASE));
  }
  return err(
    created.error.kind === 'not_found'
      ? await whyNotFound(
          incus,
          context,
          { fault: created.error, phase: PHASE, profiles: instance.profiles ?? [] },
          signal,
        )
      : incusFault(created.error, PHASE),
  );
}

/** A host without idmapped mounts, or a project that confines sources: the supervisor then copies instead of overlaying. */
export function refusesShift(fault: IncusFault): boolean {
  return /shift|idmap/i.test(fault.message);
}

/** The daemon may have taken the request, and goes on with it whoever listens. */
function unanswered({ kind }: IncusFault): boolean {
  return kind === 'connection_lost' || kind === 'timed_out';
}

/** Only what this call has made. Failing here is left to the reaper: the lease ends. */
async function removeOwn(
  ports: { readonly incus: IncusApi; readonly clock: Clock },
  context: RemoteIncusContext,
  { acquisition, owner }: Pick<Lease, 'acquisition' | 'owner'>,
  looks: number,
): Promise<void> {
  const { incusProject: project, incusInstanceName: name } = context;
  const signal = awakeBound(30_000);
  for (let look = 1; ; look++) {
    const found = await ports.incus.instance(project, name, { signal });
    if (found.isOk()) {
      const lease = readLease(found.value.value.config);
      // Another runner may have taken it up while this one was stopped: the owner is not the same then.
      if (lease?.owner === owner && isSameAcquisition(acquisition, lease.acquisition))
        await removeInstance(ports, { project, name, acquisition, keepsCopies: true }, signal);
      return;
    }
    if (look >= looks || (await ports.clock.sleep(LOOK_PAUSE_MS, signal)) === 'aborted') return;
  }
}
