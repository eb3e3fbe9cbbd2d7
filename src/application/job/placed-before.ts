import { type AskedShare, type HostShare, shareOf } from '../../domain/machine/host-share.js';
import { type AlreadyThere, type PlaceableMember, UNSAID_CORES } from '../../domain/machine/placement.js';
import { parseByteSize } from '../../domain/values/byte-size.js';
import type { LookedAtMember } from '../cluster/look-at-members.js';
import type { RunJobCall } from './run-job-call.js';

/** A job's share of a member, until it is moved to another or given up. */
export interface PlacedShare extends Disposable {
  moveTo(member: LookedAtMember): void;
}

/** What this runner has placed: the shares of its jobs that run, whose machines may be in no list yet, and what it has sent where. */
export class PlacedBefore {
  readonly #shares = new Map<string, Set<HostShare & { readonly key: string }>>();
  readonly #capacity: AskedShare | null;
  readonly #sent = new Set<string>();

  /** What every member may be asked for in all, where the configuration says it. */
  constructor(capacity: AskedShare | null = null) {
    this.#capacity = capacity;
  }

  known(member: LookedAtMember, call: RunJobCall): PlaceableMember {
    let { cpu, memoryBytes } = member.taken;
    for (const share of this.#shares.get(member.name) ?? []) {
      if (member.machines.has(share.key)) continue;
      cpu += share.cpu;
      memoryBytes += share.memoryBytes;
    }
    const has = this.#capacity === null ? member.has : { ...member.has, ...shareSaid(this.#capacity) };
    return { ...member, has, taken: { cpu, memoryBytes }, already: this.#already(member, call) };
  }

  /** Whether a job of this runner waits there for room, or is about to ask for it. */
  hasWaiting({ name, machines }: LookedAtMember): boolean {
    return [...(this.#shares.get(name) ?? [])].some(({ key }) => machines.get(key) !== 'has');
  }

  /** `key` is that of the machine which it is for. */
  share(asks: AskedShare, key: string): PlacedShare {
    let leave = () => {};
    return {
      moveTo: ({ name, has }) => {
        leave();
        const { cpu, memoryBytes } = shareOf(asks, has);
        const share = { cpu: cpu === 0 ? UNSAID_CORES : cpu, memoryBytes, key };
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

function shareSaid({ cpu, memory }: AskedShare): Partial<HostShare> {
  const memoryBytes = memory === undefined ? null : parseByteSize(memory);
  return { ...(cpu === undefined ? {} : { cpu }), ...(memoryBytes === null ? {} : { memoryBytes }) };
}

/** The snapshot of its workspace, and the caches that it has. */
function sentKeys(member: string, { workspace, job }: RunJobCall): readonly [string, ...string[]] {
  const { caches = [], cargo = false } = job;
  const snapshot = JSON.stringify([member, workspace]);
  if (caches.length === 0 && !cargo) return [snapshot];
  return [snapshot, JSON.stringify([member, workspace, caches, cargo])];
}
