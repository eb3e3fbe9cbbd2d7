import { z } from 'zod';
import type { Trust } from '../values/trust.js';

const PLACEHOLDER = /\$\{([^}]*)\}/g;
const KNOWN = ['branch', 'target'];

/** Runs of which one goes on at a time, over all runners that use the host's work directory. */
export const concurrencySchema = z.strictObject({
  /** Its name; `${branch}` and `${target}` are those of the run. */
  group: z
    .string()
    .min(1)
    .max(256)
    .superRefine((group, context) => {
      for (const [all, name = ''] of group.matchAll(PLACEHOLDER))
        if (!KNOWN.includes(name))
          context.addIssue({
            code: 'custom',
            message: `${all} is nothing that is known of a run: there are \${branch} and \${target}`,
          });
    }),
  /** A run that comes cancels those that came before it and have not ended; it follows them when left out. */
  cancelInProgress: z.boolean().default(false),
});
export type Concurrency = z.output<typeof concurrencySchema>;

/** A run that is not trusted is in no group with others: the branch that it names is its author's. */
export function groupOf(
  { group }: Concurrency,
  run: { readonly branch: string | null; readonly target: string; readonly trust: Trust },
): string {
  const named = group.replaceAll(PLACEHOLDER, (_, name) =>
    name === 'branch' ? (run.branch ?? '') : run.target,
  );
  return run.trust === 'untrusted' ? `untrusted/${named}` : named;
}

/** A run of a group, as it says on the host. */
export interface GroupTicket {
  readonly token: string;
  readonly runId: string;
  /** By the host's clock, ms since the epoch. */
  readonly cameAtMs: number;
  /** It goes on, or begins to. */
  readonly holds: boolean;
  /** The runner has died if it says nothing until then. */
  readonly expiresAtMs: number;
}

/** The run that this one waits for; null when it is its turn. Whoever goes on comes first, then who came first. */
export function waitsFor(
  own: Pick<GroupTicket, 'token' | 'cameAtMs'>,
  others: readonly GroupTicket[],
): GroupTicket | null {
  const [first = null] = others
    .filter((other) => other.holds || isEarlier(other, own))
    .sort((one, other) => Number(other.holds) - Number(one.holds) || (isEarlier(one, other) ? -1 : 1));
  return first;
}

/** Of two that came at the same moment it is the same one, whoever asks. */
export function isEarlier(
  one: Pick<GroupTicket, 'token' | 'cameAtMs'>,
  other: Pick<GroupTicket, 'token' | 'cameAtMs'>,
): boolean {
  return one.cameAtMs === other.cameAtMs ? one.token < other.token : one.cameAtMs < other.cameAtMs;
}
