import type { Clock } from '../../ports/clock.js';
import type { IncusApi } from '../../ports/incus-api.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { HostGone } from '../faults/host-gone.js';

/** Who is asked may have died as well. */
const ASK_MS = 15_000;
/** For some 30 s after one has died all may be called offline: what is said once is not believed. */
const SAID_AGAIN_MS = 10_000;
const LOOK_MS = 2_500;

export interface MemberDeathParts {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Its name; null where there is no cluster, so that nobody can tell. */
  readonly name: (signal: AbortSignal) => Promise<string | null>;
  /** Daemons of other members that can be asked. */
  readonly others: () => readonly Pick<IncusApi, 'clusterMembers'>[];
}

/**
 * Whether the member that a job is on has died, as the other members say: one that this runner alone does not reach may be well. It has died when the
 * others call it offline, one of them being online, and say so again ten seconds later.
 */
export class MemberDeath {
  readonly #parts: MemberDeathParts;
  #sinceMs: number | null = null;

  constructor(parts: MemberDeathParts) {
    this.#parts = parts;
  }

  /** A sentence that names the member; null while it lives, or nobody can tell within `patienceMs`. */
  async why(patienceMs: number, signal: AbortSignal): Promise<HostGone | null> {
    const { clock } = this.#parts;
    const name = await this.#parts.name(signal);
    if (name === null) return null;
    const begunMs = clock.monotonic();
    for (;;) {
      const seen = await this.#look(name, signal);
      const nowMs = clock.monotonic();
      if (seen !== 'offline') this.#sinceMs = null;
      if (seen === 'alive') return null;
      if (seen === 'evacuated')
        return {
          message: `the member ${name} of the cluster was evacuated, which ends the machines on it`,
          isDead: false,
        };
      if (seen === 'offline') {
        this.#sinceMs ??= nowMs;
        if (nowMs - this.#sinceMs >= SAID_AGAIN_MS)
          return {
            message: `the member ${name} of the cluster has died: it cannot be reached, and is offline for the other members`,
            isDead: true,
          };
      }
      if (nowMs - begunMs >= patienceMs) return null;
      if ((await clock.sleep(LOOK_MS, signal)) !== 'elapsed') return null;
    }
  }

  async #look(name: string, signal: AbortSignal): Promise<'alive' | 'evacuated' | 'offline' | 'unknown'> {
    for (const incus of this.#parts.others()) {
      const bound = AbortSignal.any([signal, awakeBound(ASK_MS)]);
      const members = await incus.clusterMembers({ signal: bound });
      if (members.isErr()) continue;
      const own = members.value.find((one) => one.name === name);
      if (own?.status === 'Evacuated') return 'evacuated';
      if (own !== undefined && own.status !== 'Offline') return 'alive';
      const isSure = members.value.some((one) => one.name !== name && one.status === 'Online');
      if (isSure) return 'offline';
    }
    return 'unknown';
  }
}
