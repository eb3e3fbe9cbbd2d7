import { z } from 'zod';
import { givenOptions } from '../given-options.js';

const count = z.coerce.number().int().min(1);

const optionsSchema = z.object({
  jobs: count.default(2000),
  'at-once': count.default(4),
  every: count.default(10),
  from: z.coerce.number().int().nonnegative().default(200),
  transport: z.enum(['ssh', 'command']).default('ssh'),
  out: z.string().min(1).optional(),
});

export const TRANSPORTS = optionsSchema.shape.transport.unwrap().options;
export type SoakTransport = (typeof TRANSPORTS)[number];

export interface SoakOptions {
  readonly jobs: number;
  readonly atOnce: number;
  /** Jobs between two samples. */
  readonly every: number;
  /** Jobs after which nothing may grow. */
  readonly from: number;
  readonly transport: SoakTransport;
}

export const USAGE = `usage: npm run soak -- [--jobs N] [--at-once N] [--every N] [--from N] [--transport ssh|command] [--out FILE]
  --jobs N        jobs to run, one after the other or some at a time, over one Pikaci (2000)
  --at-once N     jobs at a time (4)
  --every N       jobs between two samples, which are taken when none runs (10)
  --from N        jobs after which nothing may grow (200)
  --transport T   how the daemon is reached: ssh (its socket through SSH) or command (socat's pipes, a session for each stream) (ssh)
  --out FILE      where the JSON goes (bench/results/soak-<time>.json)`;

/** Throws with a text for the user. */
export function soakOptions(argv: readonly string[], now: Date): SoakOptions & { readonly out: string } {
  const { jobs, 'at-once': atOnce, every, from, transport, out } = givenOptions(optionsSchema, argv);
  const file = out ?? `bench/results/soak-${now.toISOString().replaceAll(':', '-')}.json`;
  return { jobs, atOnce, every, from, transport, out: file };
}
