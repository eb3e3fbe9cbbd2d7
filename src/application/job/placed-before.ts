import { type AskedShare, type HostShare, shareOf } from '../../domain/machine/host-share.js';
import { type AlreadyThere, type PlaceableMember, UNSAID_CORES } from '../../domain/machine/placement.js';
import type { LookedAtMember } from '../cluster/look-at-members.js';
import type { RunJobCall } from './run-job-call.js';

/** A job's share of a member, until it is moved to another or given up. */
export interface PlacedShare extends Disposable {
  moveTo(member: LookedAtMember): void;
}

/** What this runner has placed: the shares of its jobs that run, whose machines may be in no list yet, and what it has sent where. */
export class PlacedBefore {
  readonly #shares = new Map<string, Set<HostShare>>();
  readonly #sent = new Set<string>();

  known(member: LookedAtMember, call: RunJobCall): PlaceableMember {
    let [cpu, memoryBytes] = [0, 0];
    for (const share of this.#shares.get(member.name) ?? []) {
      cpu += share.cpu;
      memoryBytes += share.memoryBytes;
    }
    const { taken } = member;
    return {
      ...member,
      taken: { cpu: Math.max(taken.cpu, cpu), memoryBytes: Math.max(taken.memoryBytes, memoryBytes) },
      already: this.#already(member, call),
    };
  }

  share(asks: AskedShare): PlacedShare {
    let leave = () => {};
    return {
      moveTo: ({ name, has }) => {
        leave();
        const { cpu, memoryBytes } = shareOf(asks, has);
        const share = { cpu: cpu === 0 ? UNSAID_CORES : cpu, memoryBytes };
        const there = this.#shares.get(name) ?? new Set();
        this.#shares.set(name, there.add(share));
        leave = () => void there.delete(share);
      },
      [Symbol.dispose]: () => leave(),
    };
  }

  /** What a job leaves on its member is there for the next one. */
  ran(member: string, call: RunJobCall): void {
    for (const key of sentKeys(member, call)) this.#sent.add(key);
  }

  #already({ name, templates, waiting }: LookedAtMember, call: RunJobCall): AlreadyThere {
    const [snapshot, caches] = sentKeys(name, call);
    const template = call.base?.copyOf?.instance ?? null;
    return {
      snapshot: this.#sent.has(snapshot),
      template: template !== null && templates.includes(template),
      cache: caches !== undefined && this.#sent.has(caches),
      warmMachine: waiting.includes(template),
    };
  }
}

/** The snapshot of its workspace, and the caches that it has. */
function sentKeys(member: string, { workspace, job }: RunJobCall): readonly [string, ...string[]] {
  const { caches = [], cargo = false } = job;
  const snapshot = JSON.stringify([member, workspace]);
  if (caches.length === 0 && !cargo) return [snapshot];
  return [snapshot, JSON.stringify([member, workspace, caches, cargo])];
}
