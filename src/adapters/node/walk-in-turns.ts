import { err, ok, type Result } from 'neverthrow';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import type { LeftOut } from './left-out.js';
import { walkDirectory } from './tree-walk.js';

/** Directories that are read before others have their turn. */
const AT_ONCE = 50;

/** What `walkTree` finds, on this thread, where the patterns are: the thread that hashes trees knows none. */
export async function walkInTurns(
  root: string,
  rules: LeftOut,
  signal: AbortSignal | undefined,
): Promise<Result<readonly string[], ScanFault>> {
  const found: string[] = [];
  const waiting = [''];
  let walked = 0;
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    if (++walked % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) return err({ kind: 'aborted', path: root, message: 'the scan was cancelled' });
    const problem = walkDirectory({ root, below, rules, found, waiting });
    if (problem !== null) return err(problem.fault);
  }
  return ok(found);
}
