/** What the host keeps for later runs, and which of it may go. Pure; times are the host's, in ms since the epoch. */

export type KeptKind = 'snapshot' | 'prepared_output' | 'template' | 'cache' | 'kept_job' | 'run_records';

/** A snapshot, a prepared output, a template, a cache, what was left of a job, or the records of a run whose runner is gone, that a host keeps. */
export interface KeptEntry {
  readonly kind: KeptKind;
  /** Absolute, on the host: the directory that appeared by one rename. Of a template, the name of its instance; of a cache, that of its volume. */
  readonly path: string;
  /** 0 for a template: what a pool that shares blocks would get back, nobody says. */
  readonly bytes: number;
  readonly lastUsedMs: number;
  /** A machine mounts something of it; of a template, machines of a pool wait that are copies of it. */
  readonly mounted: boolean;
}

/** How much a host keeps of what nobody uses: days, and bytes. */
export interface RetentionBounds {
  /** What nobody has used for this many days goes. */
  readonly keepDays: number;
  /** Of all together; what was used longest ago goes first. Null for no bound. */
  readonly keepBytes: number | null;
}

/** Beside what is kept, and in the directory of a run that goes on: its modification time says when it was last used. */
export const LAST_USE = 'last-use.json';
/** How often a run that goes on says so. */
export const RENEW_USE_MS = 5 * 60_000;
/** What was used this recently is in use, whatever the bounds say: a run may be about to mount it, or be out of reach for a while. */
export const HELD_MS = 30 * 60_000;

const DAY_MS = 24 * 3600_000;

export function isHeld(lastUsedMs: number, nowMs: number): boolean {
  return nowMs - lastUsedMs <= HELD_MS;
}

/** What is to go, the longest unused first. What is in use counts towards the bytes, and stays. */
export function chooseEvictions<Entry extends KeptEntry>(
  entries: readonly Entry[],
  bounds: RetentionBounds,
  nowMs: number,
): readonly Entry[] {
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const chosen: Entry[] = [];
  const unused = entries
    .filter((entry) => !entry.mounted && !isHeld(entry.lastUsedMs, nowMs))
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  for (const entry of unused) {
    const old = nowMs - entry.lastUsedMs > bounds.keepDays * DAY_MS;
    if (!old && (bounds.keepBytes === null || bytes <= bounds.keepBytes)) continue;
    chosen.push(entry);
    bytes -= entry.bytes;
  }
  return chosen;
}
