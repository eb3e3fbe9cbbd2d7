import type { z } from 'zod';
import type { jobLimitsSchema } from './machine-options.js';

/** What a machine may use at most; what is left out is not bounded here. `memory` may be a share of the host's, such as `80%`. */
export type MachineLimits = z.output<typeof jobLimitsSchema>;

/** Of a container of which nobody says anything: its processes and its memory do not take the host down. */
export const BUILT_IN_LIMITS = { memory: '80%', processes: 8192 } as const;
