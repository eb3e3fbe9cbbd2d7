import { createHash } from 'node:crypto';

/** Changes whenever the value does. */
export function etagOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
