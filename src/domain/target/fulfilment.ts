import { z } from 'zod';
import {
  preparedOutputExposureSchema,
  preparedOutputProtocolSchema,
  preparedOutputResidencySchema,
} from '../records/prepared-outputs-record.js';
import { isNormalisedAbsolutePath } from '../values/path-rules.js';

const absolute = z
  .string()
  .refine(isNormalisedAbsolutePath, { error: 'must be an absolute, normalised path' });

/** What `pikaci fulfill-prepared-output-request FILE` carries out, on the host where the output is. */
export const fulfilmentRequestSchema = z.looseObject({
  schema_version: z.literal(1),
  node_id: z.string().min(1),
  installable: z.string().min(1),
  output_name: z.string(),
  protocol: preparedOutputProtocolSchema,
  residency: preparedOutputResidencySchema.default('local_authoritative'),
  /** Null when it has to be built first, which only `nix_store_path_v1` can be. */
  realized_path: absolute.nullable().default(null),
  /** Links on the host, each replaced when there is one already. */
  requested_exposures: z
    .array(
      preparedOutputExposureSchema.extend({
        kind: z.literal('host_symlink_mount'),
        path: absolute.refine((path) => path !== '/', { error: 'must not be "/"' }),
        access: z.literal('read_only'),
      }),
    )
    .default([]),
});
/** What is to be made visible on the host, and where. */
export type FulfilmentRequest = z.infer<typeof fulfilmentRequestSchema>;

/** What became of it; printed, and written to `--result-path`. */
export const fulfilmentResultSchema = z.looseObject({
  schema_version: z.literal(1),
  request_path: z.string(),
  node_id: z.string().nullable(),
  output_name: z.string().nullable(),
  realized_path: z.string().nullable(),
  status: z.enum(['succeeded', 'failed']),
  fulfilled_exposures_count: z.number().int().nonnegative(),
  fulfilled_exposures: z.array(preparedOutputExposureSchema),
  error: z.string().nullable(),
});
/** What became of a fulfilment request; `error` says why it failed. */
export type FulfilmentResult = z.infer<typeof fulfilmentResultSchema>;
