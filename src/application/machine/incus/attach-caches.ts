import { err, type Result } from 'neverthrow';
import { CACHE_COPY_NAMES } from '../../../domain/machine/cache-mark.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevices } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { cachesOfMachine, type MachineCachesPlan } from '../caches-of-machine.js';
import type { PlanInput } from '../machine-backend.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';
import type { IncusRuntime } from './prepare-runtime.js';

export interface AttachedCaches extends Pick<MachineCachesPlan, 'caches' | 'discard'> {
  readonly runtime: IncusRuntime;
}

/** A machine's own copy of a cache. */
export interface CopyVolume {
  readonly pool: string;
  readonly volume: string;
}

/** Copies what is kept for the caches of a machine, and adds the copies to its devices. */
export async function attachCaches(
  ports: { readonly incus: IncusApi; readonly clock: Clock },
  {
    project,
    runtime,
    isBounded,
  }: { readonly project: string; readonly runtime: IncusRuntime; readonly isBounded: boolean },
  input: Pick<PlanInput, 'caches' | 'place' | 'spec'>,
  signal: AbortSignal,
): Promise<Result<AttachedCaches, JobFault>> {
  const { pool, instance } = runtime;
  const { host } = ports.incus;
  if (input.caches !== undefined && input.spec.instanceType !== 'container') {
    const message = 'job.caches: a job with caches is a container: virtual machines have none yet';
    return err({ kind: 'invalid_job', phase: 'prepare_runtime', host, message, field: 'job.caches' });
  }
  const planned = await cachesOfMachine(
    ports.clock,
    {
      host,
      volumes:
        pool === null
          ? 'no profile of the machine says on which storage pool its root disk is'
          : new IncusCacheVolumes(ports.incus, project, pool),
      mountedAt: Object.values(instance.devices).flatMap(({ type, path = '/' }) =>
        type === 'disk' && path !== '/' ? [path] : [],
      ),
      isBounded,
    },
    input,
    signal,
  );
  return planned.map(({ mounts, ...plan }) => {
    const copies = mounts.map(({ volume, path }, index) => [
      `pikaci-cache-${index}`,
      { type: 'disk', ...(pool === null ? {} : { pool }), source: volume, path },
    ]);
    const devices = { ...instance.devices, ...Object.fromEntries(copies) };
    return { ...plan, runtime: { ...runtime, instance: { ...instance, devices } } };
  });
}

/** The copies of caches that a machine with these devices has. */
export function copiesOf(devices: IncusDevices): readonly CopyVolume[] {
  return Object.values(devices).flatMap(({ type, pool, source }) =>
    type === 'disk' && pool !== undefined && source?.startsWith(CACHE_COPY_NAMES)
      ? [{ pool, volume: source }]
      : [],
  );
}
