import { z } from 'zod';

export const SNAPSHOT_MARKER = 'pikaci-snapshot.json';

/** Beside every staged snapshot: which content it is. It appears with the snapshot, in one rename. */
export const snapshotMarkerSchema = z.looseObject({
  schema_version: z.literal(1),
  content_hash: z.string(),
  file_count: z.number().int().nonnegative(),
  total_bytes: z.number().int().nonnegative(),
  created_at: z.string(),
  /** Of the tree as it was sent; see `snapshotFingerprint`. */
  fingerprint: z.string().optional(),
  /** What it holds, in short; see `snapshotSketch`. Its list lies beside it. */
  sketch: z.array(z.string()).optional(),
});
export type SnapshotMarker = z.infer<typeof snapshotMarkerSchema>;
