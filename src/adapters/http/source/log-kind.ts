import { z } from 'zod';

/** Which log of a job: what it wrote itself, or what pikaci did for it. */
export const logKindSchema = z.enum(['host', 'guest']).default('guest');
