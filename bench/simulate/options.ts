import { z } from 'zod';
import { givenOptions } from '../given-options.js';

const optionsSchema = z.object({
  seed: z.coerce.number().int().nonnegative().default(1),
  // The configuration names so many at most.
  members: z.coerce.number().int().min(3).max(64).default(50),
  jobs: z.coerce.number().int().min(20).max(100_000).default(5000),
});

export const USAGE = `usage: npm run simulate -- [--seed N] [--members N] [--jobs N]
  --seed N      what comes when, how long it takes and what fails (1); the same seed gives the same run
  --members N   members of the cluster, 3 to 64 (50)
  --jobs N      jobs in all (5000)`;

/** Throws with a text for the user. */
export function simulateOptions(argv: readonly string[]): z.output<typeof optionsSchema> {
  return givenOptions(optionsSchema, argv);
}
