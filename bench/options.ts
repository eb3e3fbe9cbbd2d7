import { z } from 'zod';
import { givenOptions } from './given-options.js';

const MiB = 1024 ** 2;
const count = z.coerce.number().int().nonnegative();

const optionsSchema = z.object({
  rounds: count.min(1).default(20),
  'rounds-d': count.optional(),
  'rounds-vm': count.optional(),
  'rounds-i': count.optional(),
  'rounds-k': count.optional(),
  'rounds-n': count.optional(),
  only: z
    .string()
    .regex(/^[a-ik-n](,[a-ik-n])*$/, { error: 'must be a list of a to i and k to n' })
    .default('a,b,c,d,e,f,g,h,i,k,l,m,n'),
  'log-mib': count.default(1024),
  'log-rounds': count.default(1),
  out: z.string().min(1).optional(),
});

export interface BenchOptions {
  readonly rounds: number;
  readonly roundsD: number;
  readonly roundsVm: number;
  readonly roundsI: number;
  readonly roundsK: number;
  readonly roundsN: number;
  readonly only: ReadonlySet<string>;
  readonly logBytes: number;
  readonly logRounds: number;
  readonly needsHost: boolean;
  readonly out: string;
}

export const USAGE = `usage: npm run bench -- [--rounds N] [--rounds-d N] [--rounds-vm N] [--rounds-i N] [--rounds-k N] [--rounds-n N] [--only a,b,c,d,e,f,g,h,i,k,l,m,n] [--log-mib N] [--log-rounds N] [--out FILE]
  --rounds N       rounds of a, b, c, g, h, l and m, in turn (20)
  --rounds-d N     rounds of d, which takes seconds each (as many as the others)
  --rounds-vm N    rounds of e and f, likewise
  --rounds-i N     rounds of i, likewise
  --rounds-k N     rounds of k, likewise
  --rounds-n N     rounds of n, which are 150 jobs each, likewise
  --only LIST      rows to measure (a,b,c,d,e,f,g,h,i,k,l,m,n); g alone, without a log, needs no host
  --log-mib N      size of the streamed log (1024)
  --log-rounds N   times that it is streamed each way (1; 0 leaves it out)
  --out FILE       where the JSON goes (bench/results/<time>.json)`;

/** Throws with a text for the user. */
export function benchOptions(argv: readonly string[], now: Date): BenchOptions {
  const given = givenOptions(optionsSchema, argv);
  const only = new Set(given.only.split(','));
  const logRounds = given['log-mib'] === 0 ? 0 : given['log-rounds'];
  return {
    rounds: given.rounds,
    roundsD: Math.min(given.rounds, given['rounds-d'] ?? given.rounds),
    roundsVm: Math.min(given.rounds, given['rounds-vm'] ?? given.rounds),
    roundsI: Math.min(given.rounds, given['rounds-i'] ?? given.rounds),
    roundsK: Math.min(given.rounds, given['rounds-k'] ?? given.rounds),
    roundsN: Math.min(given.rounds, given['rounds-n'] ?? given.rounds),
    only,
    logBytes: given['log-mib'] * MiB,
    logRounds,
    needsHost: logRounds > 0 || [...only].some((row) => row !== 'g'),
    out: given.out ?? `bench/results/${now.toISOString().replaceAll(':', '-')}.json`,
  };
}
