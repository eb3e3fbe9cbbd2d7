import { err, ok, type Result } from 'neverthrow';
import {
  isOvercommitted,
  isWithin,
  judgeQueue,
  type QueuedMachine,
  type QueueVerdict,
} from '../../../domain/machine/host-queue.js';
import {
  type AskedShare,
  type HostShare,
  readAsked,
  readQueuePlace,
  shareOf,
} from '../../../domain/machine/host-share.js';
import { leaseHasEnded, readLease } from '../../../domain/machine/lease.js';
import { parseByteSize } from '../../../domain/values/byte-size.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusInstance } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';

const PHASE = 'launch_guest';

/** What the machines of a host ask for at one moment. */
export interface HostLook {
  readonly host: HostShare;
  readonly nowMs: number;
  readonly machines: readonly QueuedMachine[];
}

/**
 * What a host has, and what its machines ask for, whichever runner they are of: that stands on the instances themselves. A machine whose lease
 * has ended asks for nothing.
 */
export class HostQueue {
  readonly #incus: IncusApi;
  readonly #capacity: AskedShare;
  #host: HostShare | null = null;

  constructor(incus: IncusApi, capacity: AskedShare) {
    this.#incus = incus;
    this.#capacity = capacity;
  }

  async look(signal: AbortSignal): Promise<Result<HostLook, JobFault>> {
    const [host, server, instances] = await Promise.all([
      this.#learn(signal),
      this.#incus.server({ signal }),
      this.#incus.instancesOfAllProjects({ signal }),
    ]);
    if (host.isErr()) return err(host.error);
    if (server.isErr()) return err(incusFault(server.error, PHASE));
    if (instances.isErr()) return err(incusFault(instances.error, PHASE));
    const nowMs = server.value.hostTimeMs ?? 0;
    const machines = instances.value.flatMap((instance) => queuedOf(instance, host.value, nowMs) ?? []);
    return ok({ host: host.value, nowMs, machines });
  }

  /** What the host has, as the configuration or the daemon says it. It does not change while a daemon runs. */
  async #learn(signal: AbortSignal): Promise<Result<HostShare, JobFault>> {
    if (this.#host !== null) return ok(this.#host);
    const { cpu, memory } = this.#capacity;
    const memoryBytes = memory === undefined ? null : parseByteSize(memory);
    if (cpu !== undefined && memoryBytes !== null) {
      this.#host = { cpu, memoryBytes };
      return ok(this.#host);
    }
    const found = await this.#incus.resources({ signal });
    if (found.isErr()) {
      const fault = incusFault(found.error, PHASE);
      const message = `what the host has is not known, which "requests" needs (say it as "incus.capacity": {"cpu": …, "memory": "…"}): ${fault.message}`;
      return err({ ...fault, message });
    }
    this.#host = { cpu: cpu ?? found.value.cpu, memoryBytes: memoryBytes ?? found.value.memoryBytes };
    return ok(this.#host);
  }
}

/** Null for what is not pikaci's, and for a machine whose lease has ended. */
export function queuedOf({ config }: IncusInstance, host: HostShare, nowMs: number): QueuedMachine | null {
  const lease = readLease(config);
  if (lease === null || leaseHasEnded(lease, nowMs)) return null;
  const asks = readAsked(config, host);
  return { id: lease.acquisition ?? `${lease.runId}/${lease.jobId}`, asks, waits: readQueuePlace(config) };
}

/** A machine that wants what it asks for. */
export interface QueueCall {
  readonly id: string;
  readonly asks: AskedShare;
  readonly waits: { readonly queuedAtMs: number; readonly priority: number };
}

/** How it stands with a machine, whether it has a place in the queue or comes now. */
export function judge(look: HostLook, { id, asks, waits }: QueueCall): QueueVerdict {
  const others = look.machines.filter((machine) => machine.id !== id);
  return judgeQueue({ id, asks: shareOf(asks, look.host), waits }, others, look.host);
}

/** Whether it took what there was not. */
export function hasTooMuch(look: HostLook, asks: AskedShare): boolean {
  return isOvercommitted(look.machines, shareOf(asks, look.host), look.host);
}

/** Null where it fits on the host with nobody else there. */
export function whyNeverOn(host: HostShare, asked: AskedShare): string | null {
  if (isWithin(shareOf(asked, host), host)) return null;
  return `the machine asks for ${words(shareOf(asked, host))}, and the host has ${words(host)} in all: lower "requests" (or "limits"), or raise "incus.capacity"`;
}

/** Why it waits, with its place: the first is the next. */
export function whyItWaits(look: HostLook, asked: AskedShare, verdict: QueueVerdict): string {
  const { taken, holders, ahead } = verdict;
  const others = holders === 1 ? '1 machine has' : `${holders} machines have`;
  const before = ahead === 0 ? '' : `, and ${ahead} before it ${ahead === 1 ? 'waits' : 'wait'}`;
  return `place ${ahead + 1}: it asks for ${words(shareOf(asked, look.host))}; of ${words(look.host)} ${others} ${words(taken)}${before}`;
}

function words({ cpu, memoryBytes }: HostShare): string {
  const cores = cpu === 1 ? '1 core' : `${Number(cpu.toFixed(2))} cores`;
  const memory = `${Math.ceil(memoryBytes / 1024 ** 2)} MiB`;
  return [cpu > 0 ? cores : [], memoryBytes > 0 ? memory : []].flat().join(' and ') || 'nothing';
}
