import { z } from 'zod';
import { sha256Hex } from '../values/content-hash.js';
import { waitingMachineDocumentSchema } from './pool-documents.js';
import { poolsDirOf } from './run-layout.js';

/**
 * `pools/<name>.json` below a state root: a pool of machines that wait, as the process of this state root saw it that filled or drained it
 * last. What stands on the host counts; this is for those who ask no host. Times are ISO 8601: `seen_at` by the runner's clock, those of the
 * machines by the host's.
 */
export const poolRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  host: z.string(),
  incus_project: z.string(),
  pool: z.string(),
  /** How many are to wait. */
  size: z.number().int().nonnegative(),
  instance_type: z.string(),
  /** Alias of the image; null for a pool of a template. */
  image_alias: z.string().nullable(),
  /** Name of the template; null for a pool of an image. */
  template: z.string().nullable(),
  seen_at: z.string(),
  /** Those of this pool. */
  waiting: z.array(waitingMachineDocumentSchema),
  /** Why there are fewer than there are to be; null where all were made. */
  problem: z.string().nullable(),
});
/** A pool of machines that wait, as it was seen last. */
export type PoolRecord = z.infer<typeof poolRecordSchema>;

/** Where the record of a pool lies: pools of several hosts and projects may have one name. */
export function poolRecordPath(
  stateRoot: string,
  { host, incus_project: project, pool }: Pick<PoolRecord, 'host' | 'incus_project' | 'pool'>,
): string {
  return `${poolsDirOf(stateRoot)}/${sha256Hex(JSON.stringify([host, project, pool])).slice(0, 24)}.json`;
}
