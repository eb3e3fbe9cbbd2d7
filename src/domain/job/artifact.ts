import { z } from 'zod';

/** Bytes of JSON that the files which were brought back, and those that were not, may take in a record: it is read back up to 16 MiB. */
export const COLLECTED_NAMES_BYTES = 8 * 1024 * 1024;
export const REFUSED_NAMES_BYTES = 2 * 1024 * 1024;

/** Why something that a guest offered was not taken. */
export const artifactRuleSchema = z.enum([
  'symbolic_link',
  'hard_link',
  'special_file',
  'unsafe_path',
  'not_requested',
  'duplicate_path',
  'file_too_large',
  'total_too_large',
  'too_many_files',
  'path_conflict',
  'control_character',
  'name_too_long',
  'name_refused',
  'record_full',
  'not_whole',
  'vanished',
  'left_behind',
]);
export type ArtifactRule = z.infer<typeof artifactRuleSchema>;

export const collectedArtifactSchema = z.looseObject({
  /** Relative to the job's `artifacts/` directory; a byte that is no part of UTF-8 stands as U+DC80 to U+DCFF, `\\udce9` for 0xe9. */
  path: z.string(),
  bytes: z.number().int().nonnegative(),
});
export type CollectedArtifact = z.infer<typeof collectedArtifactSchema>;

export const refusedArtifactSchema = z.looseObject({
  /** As the guest named it, cut to 1024 characters. */
  path: z.string(),
  rule: artifactRuleSchema,
});

/** What was brought back of what a job left: what was kept, what was refused and by which rule. Sizes are in bytes. */
export const artifactReportSchema = z.looseObject({
  collected: z.array(collectedArtifactSchema),
  /** At most 1000 are named, and no more than fit in 2 MiB. */
  refused: z.array(refusedArtifactSchema),
  refused_count: z.number().int().nonnegative(),
  /** Set when collecting broke off; what had arrived whole is kept. */
  incomplete: z.string().nullable(),
  /** Patterns that matched no file, as they were written; left out when there is none, and when not all files could be looked at. */
  unmatched: z.array(z.string()).optional(),
});
/** What was brought back of what a job left, and what was refused. Sizes are in bytes. */
export type ArtifactReport = z.infer<typeof artifactReportSchema>;

export const NO_ARTIFACTS: ArtifactReport = {
  collected: [],
  refused: [],
  refused_count: 0,
  incomplete: null,
};
