import { z } from 'zod';

/** A process, as another one may look for it later. */
export const processIdentitySchema = z.looseObject({
  /** For people. */
  hostname: z.string(),
  pid: z.number().int(),
  /** The machine since it was started, and its process namespace: within one scope a pid means one process. Null where that cannot be told. */
  scope: z.string().nullable(),
  /** When it was started, in the system's own measure: a pid is used again. */
  started: z.string().nullable(),
});
