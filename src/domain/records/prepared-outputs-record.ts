import { z } from 'zod';
import { payloadManifestSchema } from '../mounts/payload-manifest.js';

/** `nix_store_path_v1`: a store path. `host_path_v1`: any other directory on the host. */
export const preparedOutputProtocolSchema = z.enum(['nix_store_path_v1', 'host_path_v1']);

/** Where the output was made: on the host, or on the runner's machine and then copied. */
export const preparedOutputResidencySchema = z.enum(['local_authoritative', 'remote_authoritative']);

/**
 * How an output is made visible. `payload_mount`: at `path` in the guest, as its manifest declares. `host_symlink_mount`: by
 * a link at `path` on the host.
 */
export const preparedOutputExposureSchema = z.looseObject({
  kind: z.enum(['payload_mount', 'host_symlink_mount']),
  path: z.string(),
  access: z.enum(['read_only', 'read_write']),
});
/** Where an output is made visible, and whether it may be written there. */
export type PreparedOutputExposure = z.infer<typeof preparedOutputExposureSchema>;

export const realizedPreparedOutputSchema = z.looseObject({
  node_id: z.string(),
  /** As it was built; for outputs that are not Nix's, the command or the path. */
  installable: z.string(),
  output_name: z.string(),
  protocol: preparedOutputProtocolSchema,
  residency: preparedOutputResidencySchema.default('local_authoritative'),
  /** Output root, absolute, on the host. */
  realized_path: z.string(),
  exposures: z.array(preparedOutputExposureSchema).default([]),
  requested_exposures: z.array(preparedOutputExposureSchema).default([]),
  /** The manifest as it was validated. */
  payload: payloadManifestSchema.nullable().default(null),
});
/** An output that is there: where it is on the host, what it was made from, and where it is made visible. */
export type RealizedPreparedOutput = z.infer<typeof realizedPreparedOutputSchema>;

/** `runs/<run>/prepared-outputs.json`. */
export const preparedOutputsRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  outputs: z.array(realizedPreparedOutputSchema).default([]),
});
/** `runs/<run>/prepared-outputs.json`: the outputs that a run prepared. */
export type PreparedOutputsRecord = z.infer<typeof preparedOutputsRecordSchema>;
