import { z } from 'zod';

/** Caps on what is brought back of a job; what goes over is left behind and named. */
export const artifactCapsSchema = z.strictObject({
  /** Bytes of one file; default 1 GiB. */
  fileBytes: z
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
  /** Bytes of all files together; default 4 GiB. */
  totalBytes: z
    .number()
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  /** Number of files; default 20000. */
  files: z.number().int().positive().default(20_000),
});
export type ArtifactCaps = z.output<typeof artifactCapsSchema>;
