import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import { onAbort } from '../../streams/on-abort.js';
import type { JobFault } from '../faults/job-fault.js';
import { incusFault } from '../faults/port-faults.js';
import type { HostMember } from './host-member.js';
import { type LookedAtMember, lookAtMembers } from './look-at-members.js';

/** How a member is reached: what it is called, and where the cluster says that it is. */
export type MemberAddress = Pick<LookedAtMember, 'name' | 'url'>;

export interface MembersParts<Services> {
  /** All that the daemon has, and not only what is the host's. */
  readonly incus: IncusApi;
  readonly host: HostMember;
  readonly incusProject: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Connects to a member, and gives what works there. */
  readonly connect: (member: MemberAddress, signal: AbortSignal) => Promise<Result<Services, JobFault>>;
}

/** A connection that is made, or was. */
interface Connecting<Services> {
  readonly done: Promise<Result<Services, JobFault>>;
  readonly stop: AbortController;
  waiting: number;
}

/** The other members of the cluster, each with services of its own once it was reached. What could not be reached is tried anew. */
export class Members<Services> {
  readonly #parts: MembersParts<Services>;
  readonly #connected = new Map<string, Connecting<Services>>();
  readonly #reached = new Map<string, Services>();

  constructor(parts: MembersParts<Services>) {
    this.#parts = parts;
  }

  /** With the one that the host is; null where the daemon is in no cluster. */
  async look(
    signal: AbortSignal,
  ): Promise<
    Result<{ readonly own: string; readonly members: readonly LookedAtMember[] } | null, IncusFault>
  > {
    const { incus, host, incusProject, clock } = this.#parts;
    const own = await host.name(signal);
    if (own.isErr()) return err(own.error);
    if (own.value === null) return ok(null);
    const members = await lookAtMembers(incus, { incusProject, nowMs: clock.now() }, signal);
    return members.map((all) => ({ own: own.value ?? '', members: all }));
  }

  /** All who want a member wait for one connection: it is given up when the last of them is cancelled. */
  async on(member: MemberAddress, signal: AbortSignal): Promise<Result<Services, JobFault>> {
    const connecting = this.#connected.get(member.name) ?? this.#begin(member);
    connecting.waiting += 1;
    let stay: () => void = () => undefined;
    const left = new Promise<null>((resolve) => {
      stay = onAbort(signal, () => resolve(null));
    });
    const connected = await Promise.race([connecting.done, left]);
    stay();
    connecting.waiting -= 1;
    if (connected !== null) return connected;
    if (connecting.waiting === 0) {
      this.#forget(member.name, connecting);
      connecting.stop.abort(signal.reason);
      return await connecting.done;
    }
    const message = `cancelled while the member ${member.name} of the cluster was being reached`;
    return err({ kind: 'cancelled', phase: null, host: this.#parts.incus.host, message });
  }

  #begin(member: MemberAddress): Connecting<Services> {
    const stop = new AbortController();
    const done = this.#parts.connect(member, stop.signal).then((connected) => {
      if (connected.isErr()) this.#forget(member.name, connecting);
      else this.#reached.set(member.name, connected.value);
      return connected;
    });
    const connecting = { done, stop, waiting: 0 };
    this.#connected.set(member.name, connecting);
    return connecting;
  }

  #forget(name: string, connecting: Connecting<Services>): void {
    if (this.#connected.get(name) === connecting) this.#connected.delete(name);
  }

  /** That of a recorded job; null where it is the host itself. */
  async named(name: string | undefined, signal: AbortSignal): Promise<Result<Services | null, JobFault>> {
    if (name === undefined) return ok(null);
    const { incus, host } = this.#parts;
    const own = await host.name(signal);
    if (own.isErr()) return err(incusFault(own.error, null));
    if (own.value === null || own.value === name) return ok(null);
    const members = await incus.clusterMembers({ signal });
    if (members.isErr()) return err(incusFault(members.error, null));
    const found = members.value.find((one) => one.name === name);
    if (found !== undefined) return await this.on(found, signal);
    const message = `the cluster has no member ${name} any more`;
    return err({ kind: 'host', phase: null, host: incus.host, message });
  }

  /** Those that have been reached so far, without the one of this name. */
  reachedBut(name: string): readonly Services[] {
    return [...this.#reached].flatMap(([one, services]) => (one === name ? [] : [services]));
  }

  /** Those that have been connected to. */
  async connected(): Promise<readonly Services[]> {
    const all = await Promise.all([...this.#connected.values()].map(({ done }) => done));
    return all.flatMap((one) => (one.isOk() ? [one.value] : []));
  }
}
