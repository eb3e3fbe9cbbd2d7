import { createHash } from 'node:crypto';
import { dirname } from 'node:path';

/**
 * By which the machines of one runner are known, also when it was killed before it had their names: each runner has a work directory of
 * its own, in which the answers lie. It has one job at a time.
 */
export function runnerPrefix(responseFile: string): string {
  const key = createHash('sha256').update(dirname(responseFile)).digest('hex').slice(0, 12);
  return `github-${key}-`;
}
