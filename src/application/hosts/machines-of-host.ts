import { type HostShare, readAsked, readQueuePlace } from '../../domain/machine/host-share.js';
import { type Lease, leaseHasEnded, readLease } from '../../domain/machine/lease.js';
import { readPool } from '../../domain/machine/warm-mark.js';
import type { HostDocument } from '../../domain/records/host-documents.js';
import { isoTime } from '../../domain/records/iso-time.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusInstance } from '../../ports/incus-types.js';
import { type HostLook, judge, queuedOf, whyItWaits } from '../machine/incus/host-queue.js';
import type { MachineBackends } from '../machine/machine-backends.js';

export interface MachinesSeen extends Pick<HostDocument, 'machines' | 'queue' | 'asked'> {
  readonly problem: string | null;
}

interface Seen {
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

const NONE = { machines: [], queue: [], asked: { cpu: 0, memory_bytes: 0 } };

/** The instances that carry a lease, of all projects that may be seen; those that wait are the queue, in their order. */
export async function incusMachines(
  incus: IncusApi,
  { has, nowMs, signal }: Seen & { readonly has: HostShare | null },
): Promise<MachinesSeen> {
  const listed = await incus.instancesOfAllProjects({ signal });
  if (listed.isErr()) return { ...NONE, problem: `its machines: ${listed.error.message}` };
  const host = has ?? { cpu: 0, memoryBytes: 0 };
  const leased = listed.value.flatMap((instance) => {
    const lease = readLease(instance.config);
    return lease === null ? [] : [{ instance, lease }];
  });
  const look: HostLook = {
    host,
    nowMs,
    machines: leased.flatMap(({ instance }) => queuedOf(instance, host, nowMs) ?? []),
  };
  const queue = leased.flatMap((one) => waitingOf(look, one) ?? []);
  const machines = leased.flatMap(({ instance, lease }) => {
    const ended = leaseHasEnded(lease, nowMs);
    if (!ended && readQueuePlace(instance.config) !== null) return [];
    const asks = readAsked(instance.config, host);
    return [
      {
        ...whose(instance.name, lease),
        state: stateOf(instance, ended),
        asks: { cpu: asks.cpu, memory_bytes: asks.memoryBytes },
        since: instance.createdAt,
        lease_ends_at: isoTime(lease.expiresAtMs),
      },
    ];
  });
  const holders = look.machines.filter(({ waits }) => waits === null);
  return {
    machines: machines.sort((one, other) => (one.since < other.since ? -1 : 1)),
    queue: queue.sort((one, other) => one.place - other.place),
    asked: {
      cpu: holders.reduce((sum, { asks }) => sum + asks.cpu, 0),
      memory_bytes: holders.reduce((sum, { asks }) => sum + asks.memoryBytes, 0),
    },
    problem: null,
  };
}

/** MicroVMs, which ask their host for nothing. */
export async function microvmMachines(
  backends: Pick<MachineBackends, 'leased'>,
  { nowMs, signal }: Seen,
): Promise<MachinesSeen> {
  const listed = await backends.leased(signal);
  if (listed.isErr()) return { ...NONE, problem: `its machines: ${listed.error.message}` };
  const machines = listed.value.map(({ name, lease, isUp }) => ({
    ...whose(name, lease),
    state: leaseHasEnded(lease, nowMs)
      ? ('abandoned' as const)
      : isUp
        ? ('running' as const)
        : ('stopped' as const),
    asks: null,
    since: null,
    lease_ends_at: isoTime(lease.expiresAtMs),
  }));
  return { ...NONE, machines, problem: null };
}

function waitingOf(look: HostLook, { instance, lease }: { instance: IncusInstance; lease: Lease }) {
  const { config, name } = instance;
  const waits = readQueuePlace(config);
  const own = queuedOf(instance, look.host, look.nowMs);
  if (waits === null || own === null) return null;
  const { cpu, memoryBytes } = own.asks;
  const asks = { ...(cpu > 0 ? { cpu } : {}), ...(memoryBytes > 0 ? { memory: `${memoryBytes}` } : {}) };
  const verdict = judge(look, { id: own.id, asks, waits });
  return {
    ...whose(name, lease),
    place: verdict.ahead + 1,
    priority: waits.priority,
    since: isoTime(waits.queuedAtMs),
    asks: { cpu, memory_bytes: memoryBytes },
    reason: whyItWaits(look, asks, verdict).replace(/^place \d+: /, ''),
  };
}

function whose(name: string, { runId, jobId }: Lease) {
  return { instance_name: name, run_id: runId, job_id: jobId };
}

function stateOf({ status, config }: IncusInstance, ended: boolean) {
  if (ended) return 'abandoned' as const;
  if (readPool(config) !== null) return 'pooled' as const;
  return status === 'Stopped' || status === 'Error' ? ('stopped' as const) : ('running' as const);
}
