import { z } from 'zod';

/** Bound of a command that makes what jobs use: seconds, up to a day, an hour when it is left out. */
export const commandTimeoutSecs = z
  .number()
  .int()
  .positive()
  .max(24 * 3600)
  .default(3600);
