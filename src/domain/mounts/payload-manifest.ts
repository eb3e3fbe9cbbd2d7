import { z } from 'zod';

/** Where a prepared output keeps its manifest, below the output root. */
export const PAYLOAD_MANIFEST_PATH = 'share/pikaci/payload-manifest.json';

/** One mount, as it stands in the file; `validatePayloadMount` says whether it may be used. */
export const payloadMountSchema = z.looseObject({
  /** Logical identifier; part of the device's name. */
  name: z.string(),
  /** Within the payload root; `.` is the root itself. */
  relative_path: z.string(),
  /** Absolute place in the guest. */
  guest_path: z.string(),
  read_only: z.boolean(),
});
/** One mount of a payload manifest, as it stands in the file; nothing has checked yet whether it may be used. */
export type PayloadMountRecord = z.infer<typeof payloadMountSchema>;

const entry = z.looseObject({ name: z.string(), relative_path: z.string() });

/** `<output root>/share/pikaci/payload-manifest.json`. Each list defaults to empty, and unknown keys are kept. */
export const payloadManifestSchema = z.looseObject({
  schema_version: z.literal(1),
  kind: z.string().min(1),
  entrypoints: z.array(entry).default([]),
  asset_roots: z.array(entry).default([]),
  mounts: z.array(payloadMountSchema).default([]),
});
/** The manifest of a prepared output: what it is, and where a guest mounts it. */
export type PayloadManifest = z.infer<typeof payloadManifestSchema>;
