import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBackends } from './machine-backends.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;
/** So long after the last attempt the first one tries although no machine has gone: somebody may have raised the limit. */
const TRY_MS = 30_000;

/** Whether a machine could not be made because a limit of its project leaves no room for it now. */
export function isWithoutRoom({ cause }: JobFault): boolean {
  return cause?.kind === 'quota_reached';
}

/** Where one is in the line: the highest priority comes first, and of these who came first. */
export interface LinePlace {
  readonly number: number;
  readonly priority: number;
}

/** One that waits. */
interface Waiter extends LinePlace {
  wake: AbortController;
}

/** Why it is one's turn: a machine has gone, or nothing is known and half a minute is over. */
export type Turn = 'known' | 'unknown';

/** `number` is as the line has given it. */
export interface RoomWait extends LinePlace {
  /** Until when all is waited, on the monotonic clock, and how long that is in all. */
  readonly untilMs: number;
  readonly waitMs: number;
  /** Its own refusal, or that of those before it. */
  readonly refused: JobFault;
}

/**
 * Machines of one runner and kind that wait for room in their project: first come, first served. Only the first one looks at which machines there
 * are, and as many try as have gone. One that tries has left the line, and comes back to its place when it is refused.
 */
export class RoomLine {
  readonly #clock: Clock;
  readonly #backends: Pick<MachineBackends, 'names'>;
  /** What has gone may have had more than the next one asks for: then there is room for one more. */
  readonly #sharesDiffer: boolean;
  #arrived = 0;
  #waiting: Waiter[] = [];
  /** Machines that have gone, and whose place nobody has tried for. */
  #room = 0;
  /** There were, when they were looked at last; null when nobody waited since. */
  #names: ReadonlySet<string> | null = null;
  #triedMs = 0;
  /** Those that have had their turn, and are trying. */
  #trying = 0;
  #refusal: JobFault | null = null;

  constructor(
    parts: { readonly clock: Clock; readonly backends: Pick<MachineBackends, 'names'> },
    sharesDiffer = false,
  ) {
    this.#sharesDiffer = sharesDiffer;
    this.#clock = parts.clock;
    this.#backends = parts.backends;
  }

  /** The place of one that comes now. */
  arrive(): number {
    this.#arrived += 1;
    return this.#arrived;
  }

  /** How many wait before one of such a place. */
  before(place: LinePlace): number {
    return this.#waiting.filter((other) => byPlace(other, place) < 0).length;
  }

  /** What those were told that wait now; null when nobody waits. */
  get refusal(): JobFault | null {
    return this.#waiting.length > 0 ? this.#refusal : null;
  }

  /** What came of an attempt; `turn` is null for one that had not waited. */
  tried(turn: Turn | null, end: 'failed' | { readonly made: string } | { readonly refused: JobFault }): void {
    if (turn !== null) this.#trying -= 1;
    // It may be gone before anybody looks.
    if (this.#names !== null && typeof end === 'object' && 'made' in end)
      this.#names = new Set([...this.#names, end.made]);
    if (typeof end === 'object' && 'refused' in end) {
      this.#refusal = end.refused;
      this.#triedMs = this.#clock.monotonic();
      this.#room = 0;
    } else if (
      turn === 'known' ? end === 'failed' || this.#sharesDiffer : turn !== null && end !== 'failed'
    ) {
      // There was room that nobody knew of, and may be more; or there still is that of the one that has gone, or a rest of it.
      this.#room = Math.max(this.#room, 1);
      this.#waiting[0]?.wake.abort();
    }
  }

  /** Waits for its turn, to try then. The last refusal is the answer when the time is over. */
  async turn(wait: RoomWait, signal: AbortSignal): Promise<Result<Turn, JobFault>> {
    if (this.#waiting.length + this.#trying === 0) this.#names = null;
    const me: Waiter = { number: wait.number, priority: wait.priority, wake: new AbortController() };
    this.#waiting = [...this.#waiting, me].sort(byPlace);
    try {
      const turn = await this.#untilMyTurn(me, wait, signal);
      if (turn.isOk()) this.#trying += 1;
      return turn;
    } finally {
      this.#waiting = this.#waiting.filter((other) => other !== me);
      this.#waiting[0]?.wake.abort();
    }
  }

  async #untilMyTurn(
    me: Waiter,
    { untilMs, waitMs, refused }: RoomWait,
    signal: AbortSignal,
  ): Promise<Result<Turn, JobFault>> {
    for (let pause = FIRST_PAUSE_MS; ; ) {
      const left = untilMs - this.#clock.monotonic();
      if (left <= 0) return err(overdue(refused, waitMs));
      const isFirst = this.#waiting[0] === me;
      if (isFirst) {
        if (this.#names === null) await this.#look(signal);
        if (this.#room > 0) {
          this.#room -= 1;
          return ok('known');
        }
        if (this.#clock.monotonic() - this.#triedMs >= TRY_MS) {
          // Whoever is next has as long to wait.
          this.#triedMs = this.#clock.monotonic();
          return ok('unknown');
        }
      }
      const slept = await this.#sleep(me, isFirst ? Math.min(pause, left) : left, signal);
      if (slept === 'aborted' && signal.aborted) {
        const message = 'cancelled while it waited for room in the project';
        return err({ kind: 'cancelled', phase: 'queued', host: refused.host, message });
      }
      pause = slept === 'aborted' ? FIRST_PAUSE_MS : Math.min(pause * 1.5, LONGEST_PAUSE_MS);
      if (isFirst && slept === 'elapsed') await this.#look(signal);
    }
  }

  /** Woken early when it may be its turn. */
  async #sleep(me: Waiter, ms: number, signal: AbortSignal): Promise<'elapsed' | 'aborted'> {
    const slept = await this.#clock.sleep(ms, AbortSignal.any([signal, me.wake.signal]));
    if (me.wake.signal.aborted) me.wake = new AbortController();
    return slept;
  }

  /** Counts the machines that have gone since the last look. */
  async #look(signal: AbortSignal): Promise<void> {
    const now = await this.#backends.names(signal);
    if (now.isErr()) return;
    const there = new Set(now.value);
    if (this.#names !== null) this.#room += [...this.#names].filter((name) => !there.has(name)).length;
    this.#names = there;
  }
}

function byPlace(one: LinePlace, other: LinePlace): number {
  return other.priority - one.priority || one.number - other.number;
}

function overdue(refused: JobFault, waitMs: number): JobFault {
  const waited = waitMs === 0 ? 'not waited for' : `waited for ${Math.ceil(waitMs / 1000)} s`;
  const message = `${refused.message}; ${waited} (incus.quotaWaitSecs): raise the project's limit, run less at once, or remove machines that stay ("pikaci machine list", "pikaci gc --remote")`;
  return { ...refused, phase: 'queued', message };
}

const ASKS = ' that asks for its host';

/** Which line a machine stands in. */
export function lineOf(kind: string, asksForItsHost: boolean): string {
  return asksForItsHost ? `${kind}${ASKS}` : kind;
}

/** A line for each kind of machine: a project may have room for one and none for another. */
export class RoomLines {
  readonly #parts: ConstructorParameters<typeof RoomLine>[0];
  readonly #lines = new Map<string, RoomLine>();

  constructor(parts: ConstructorParameters<typeof RoomLine>[0]) {
    this.#parts = parts;
  }

  of(kind: string): RoomLine {
    const line = this.#lines.get(kind) ?? new RoomLine(this.#parts, kind.endsWith(ASKS));
    this.#lines.set(kind, line);
    return line;
  }
}
