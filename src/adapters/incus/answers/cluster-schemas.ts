import { z } from 'zod';
import type { IncusMember, IncusMemberState } from '../../../ports/incus-cluster-types.js';

const list = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);

/** `GET /1.0/cluster/members`. */
export const memberSchema = z
  .object({
    server_name: z.string(),
    url: z.string(),
    status: z.string(),
    message: z.string().nullish(),
    architecture: z.string(),
    roles: list,
    groups: list,
    config: z
      .record(z.string(), z.string())
      .nullish()
      .transform((value) => value ?? {}),
  })
  .transform(
    ({ server_name: name, message, ...same }): IncusMember => ({ ...same, name, message: message ?? '' }),
  );

/** `GET /1.0/cluster/members/NAME/state`. */
export const memberStateSchema = z
  .object({
    sysinfo: z.object({
      total_ram: z.number().nonnegative(),
      free_ram: z.number().nonnegative(),
      load_averages: z.array(z.number()).nullish(),
    }),
    storage_pools: z
      .record(z.string(), z.object({ space: z.object({ total: z.number(), used: z.number() }).nullish() }))
      .nullish(),
  })
  .transform(
    ({ sysinfo, storage_pools: pools }): IncusMemberState => ({
      totalMemoryBytes: sysinfo.total_ram,
      freeMemoryBytes: sysinfo.free_ram,
      loadAverages: sysinfo.load_averages ?? [],
      pools: Object.fromEntries(
        Object.entries(pools ?? {}).map(([pool, { space }]) => [
          pool,
          { totalBytes: space?.total ?? 0, usedBytes: space?.used ?? 0 },
        ]),
      ),
    }),
  );
