import { z } from 'zod';
import { jobIdSchema } from '../values/identifier.js';
import type { TemplateMark } from './template-mark.js';

const PREFIX = 'pikaci.template.';
const FORMAT = '1';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'it is not 64 hex digits');
const count = z
  .string()
  .regex(/^[0-9]{1,15}$/, 'it is not a number')
  .transform(Number);

/** What the image of a template says of itself, in properties that are in its file. Whoever has made the file may have written anything. */
const propertiesSchema = z.object({
  [`${PREFIX}format`]: z.literal(FORMAT, { error: `it is not ${FORMAT}, which is what this pikaci reads` }),
  [`${PREFIX}key`]: hash,
  [`${PREFIX}name`]: jobIdSchema,
  [`${PREFIX}image_alias`]: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'it has control characters'),
  [`${PREFIX}image_fingerprint`]: hash,
  [`${PREFIX}made_at_ms`]: count,
  [`${PREFIX}bytes`]: count.optional(),
});

/** A template as its image's file describes it. */
export type TemplateOfImage = Omit<TemplateMark, 'lastUsedMs'>;

export function templateImageProperties(mark: TemplateOfImage): Record<string, string> {
  return {
    [`${PREFIX}format`]: FORMAT,
    [`${PREFIX}key`]: mark.key,
    [`${PREFIX}name`]: mark.name,
    [`${PREFIX}image_alias`]: mark.alias,
    [`${PREFIX}image_fingerprint`]: mark.fingerprint,
    [`${PREFIX}made_at_ms`]: String(Math.round(mark.madeAtMs)),
    ...(mark.bytes === null ? {} : { [`${PREFIX}bytes`]: String(mark.bytes) }),
  };
}

/** The template, or why the properties are of none: a sentence. */
export function readTemplateImage(
  properties: Readonly<Record<string, string>>,
): { readonly template: TemplateOfImage } | { readonly why: string } {
  if (properties[`${PREFIX}format`] === undefined)
    return { why: 'the file is an image of Incus, but of no template: "pikaci template export" makes one' };
  const read = propertiesSchema.safeParse(properties);
  if (!read.success) {
    const [issue] = read.error.issues;
    return { why: `the file's property ${String(issue?.path[0])} cannot be read: ${issue?.message}` };
  }
  const value = read.data as Record<string, string | number | undefined>;
  const text = (key: string) => String(value[`${PREFIX}${key}`]);
  return {
    template: {
      key: text('key'),
      name: text('name'),
      alias: text('image_alias'),
      fingerprint: text('image_fingerprint'),
      madeAtMs: Number(value[`${PREFIX}made_at_ms`]),
      bytes: Number(value[`${PREFIX}bytes`] ?? 0) || null,
    },
  };
}
