import { z } from 'zod';

const versioned = { schema_version: z.literal(1) };

/** What `pikaci template list --json` prints, the one that was used last at the front. Times are ISO 8601, by the host's clock. */
export const templateListDocumentSchema = z.looseObject({
  type: z.literal('template_list'),
  ...versioned,
  host: z.string(),
  templates: z.array(
    z.looseObject({
      key: z.string(),
      name: z.string(),
      instance_name: z.string(),
      image: z.looseObject({ alias: z.string(), fingerprint: z.string() }),
      /** What its files took when it was made, those of the image included; null when that is not known. */
      bytes: z.number().nullable(),
      made_at: z.string(),
      last_used_at: z.string(),
      in_use: z.boolean(),
    }),
  ),
});
export type TemplateListDocument = z.infer<typeof templateListDocumentSchema>;

/** What `pikaci template build --json` prints: those that are there now, in the order in which they were made or found. */
export const templateBuildDocumentSchema = z.looseObject({
  type: z.literal('template_build'),
  ...versioned,
  templates: z.array(
    z.looseObject({
      target_id: z.string(),
      name: z.string(),
      key: z.string(),
      instance_name: z.string(),
      /** It was there before, or somebody else has made it meanwhile. */
      cached: z.boolean(),
      duration_ms: z.number(),
    }),
  ),
  /** Why the next one is not there; null when all are. */
  problem: z.string().nullable(),
});
export type TemplateBuildDocument = z.infer<typeof templateBuildDocumentSchema>;

/** What `pikaci target-info --json` says of one template of the target. */
export const templateInfoDocumentSchema = z.looseObject({
  name: z.string(),
  key: z.string(),
  instance_name: z.string(),
  /** `absent`: a run that needs it would make it. `foreign`: another instance has its name. */
  state: z.enum(['ready', 'making', 'absent', 'foreign']),
  /** What the key is made of. */
  from: z.looseObject({
    name: z.string(),
    /** Of the image; null when it is a template. */
    fingerprint: z.string().nullable(),
    /** Of the template; null when it is an image. */
    key: z.string().nullable(),
  }),
  setup: z.string(),
  shell: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  /** Names, no values. */
  secrets: z.array(z.string()),
  user: z.string(),
  inputs_hash: z.string().nullable(),
  disk: z.string().nullable(),
});
