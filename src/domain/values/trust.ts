import { z } from 'zod';

/**
 * Whether what is run may be what somebody without any right has written, such as a pull request. `untrusted`: it is kept to its
 * machine (docs/trust.md).
 */
export const trustSchema = z.enum(['trusted', 'untrusted'], { error: 'must be "trusted" or "untrusted"' });
export type Trust = z.output<typeof trustSchema>;

/** Where several say it, no one can take back what another has taken away. */
export function strictest(...said: readonly Trust[]): Trust {
  return said.includes('untrusted') ? 'untrusted' : 'trusted';
}
