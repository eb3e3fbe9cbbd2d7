import { setTimeout as delay } from 'node:timers/promises';
import { processesOf } from './process-tree.js';

const POLL_MS = 20;
const KILL_ROUNDS = 50;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone, or belongs to somebody else; what is left shows in the next round.
  }
}

/**
 * Ends every process of a command: TERM, then KILL after the grace. Says whether none is left; bounded. `leader` is null when it has been
 * waited for: its id may be another's then.
 */
export async function killTree(leader: number | null, token: string, graceMs: number): Promise<boolean> {
  const first = await processesOf(leader, token);
  if (first.length === 0) {
    if (leader !== null) signal(-leader, 'SIGKILL');
    return true;
  }
  for (const pid of first) signal(pid, 'SIGTERM');
  for (const pid of first) signal(pid, 'SIGCONT');
  const until = performance.now() + graceMs;
  while (performance.now() < until) {
    if ((await processesOf(leader, token)).length === 0) return true;
    await delay(POLL_MS);
  }
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const left = await processesOf(leader, token);
    if (left.length === 0) return true;
    for (const pid of left) signal(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
  return false;
}
