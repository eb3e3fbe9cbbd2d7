import { err, ok, type Result } from 'neverthrow';
import { isWithin } from '../../../domain/values/path-rules.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevice } from '../../../ports/incus-types.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { CALL_BOUND_MS } from '../../cache/cache-bounds.js';
import { type CopyVolume, removeCopies } from '../../cache/remove-copies.js';
import { type RestoredCaches, restoreCaches } from '../../cache/restore-caches.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { PlanInput } from '../machine-backend.js';
import type { IncusRuntime } from './prepare-runtime.js';

const PHASE = 'prepare_runtime';

export interface AttachedCaches {
  readonly runtime: IncusRuntime;
  readonly caches?: RestoredCaches;
  discard(): Promise<void>;
}

/** Copies what is kept for the caches of a machine, and adds the copies to its devices. */
export async function attachCaches(
  ports: { readonly incus: IncusApi; readonly clock: Clock },
  {
    project,
    runtime,
    isBounded,
  }: { readonly project: string; readonly runtime: IncusRuntime; readonly isBounded: boolean },
  { caches: call, place, spec }: Pick<PlanInput, 'caches' | 'place' | 'spec'>,
  signal: AbortSignal,
): Promise<Result<AttachedCaches, JobFault>> {
  if (call === undefined) return ok({ runtime, discard: async () => {} });
  const { pool, instance } = runtime;
  const fault = (field: string, message: string): JobFault => ({
    kind: 'invalid_job',
    phase: PHASE,
    host: ports.incus.host,
    message: `${field}: ${message}`,
    field,
  });
  if (spec.instanceType !== 'container')
    return err(fault('job.caches', 'a job with caches is a container: virtual machines have none yet'));
  for (const { path } of call.wanted) {
    const mounted = Object.values(instance.devices).find(
      ({ type, path: other = '/' }) =>
        type === 'disk' && other !== '/' && (isWithin(other, path) || isWithin(path, other)),
    );
    if (mounted !== undefined)
      return err(
        fault(
          'job.caches',
          `the cache at ${path} overlaps ${mounted['path']}, where an output is mounted; give it another path`,
        ),
      );
  }
  const { acquisition } = place;
  if (pool === null || acquisition === null) {
    const warnings = [
      'the caches could not be had: no profile of the machine says on which storage pool its root disk is',
    ];
    return ok({ runtime, caches: { caches: [], warnings }, discard: async () => {} });
  }
  const restored = await restoreCaches(ports, {
    ...call,
    at: { project, pool },
    acquisition,
    isBounded,
    signal,
  });
  const copies = restored.caches.flatMap(({ volume, path }) =>
    volume === null ? [] : [{ pool, volume, path }],
  );
  return ok({
    runtime: {
      ...runtime,
      instance: { ...instance, devices: { ...instance.devices, ...devicesOf(copies) } },
    },
    caches: restored,
    discard: async () => {
      await removeCopies(ports.incus, { project, acquisition, copies }, awakeBound(CALL_BOUND_MS));
    },
  });
}

function devicesOf(copies: readonly (CopyVolume & { readonly path: string })[]): Record<string, IncusDevice> {
  return Object.fromEntries(
    copies.map(({ pool, volume, path }, index) => [
      `pikaci-cache-${index}`,
      { type: 'disk', pool, source: volume, path },
    ]),
  );
}
