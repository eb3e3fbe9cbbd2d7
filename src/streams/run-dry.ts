import { awakeTimer } from './awake-timer.js';
import type { OutputQueue } from './output-queue.js';

const LOOK_MS = 50;
const QUIET_LOOKS = 10;
const MOST_LOOKS = 200;

/**
 * Waits for the rest of what a process that has ended has written, where another one may hold its outputs open: until they have ended, or
 * nothing has come for half a second. Who goes on to write gets ten seconds; a reader that is behind is waited for.
 */
export async function runDry(queue: OutputQueue, hasEnded: () => boolean): Promise<void> {
  let quiet = 0;
  for (let looks = 0; !hasEnded() && quiet < QUIET_LOOKS && looks < MOST_LOOKS; ) {
    const before = queue.received;
    await new Promise<void>((resolve) => awakeTimer(LOOK_MS, resolve));
    if (queue.isFull) continue;
    looks++;
    quiet = queue.received === before ? quiet + 1 : 0;
  }
}
