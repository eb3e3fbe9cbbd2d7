import { z } from 'zod';
import { isExclusion } from '../patterns/pattern-list.js';
import { patternText } from '../patterns/pattern-text.js';

export const artifactPattern = patternText.refine(
  (pattern) => /^(?!\/)|^\/artifacts(?:\/|$)/.test(isExclusion(pattern) ? pattern.slice(1) : pattern),
  { error: 'an absolute pattern must lie under /artifacts; others are relative to the workspace' },
);
const artifactPatternsSchema = z
  .array(artifactPattern)
  .max(100)
  .refine((patterns) => patterns.length === 0 || !patterns.every(isExclusion), {
    error: 'patterns with a "!" in front only take away; one without is needed',
  });

/** Patterns alone, or with whether the job fails when one of them matches no file, or not all that they match could be looked for. */
export const artifactWishesSchema = z.union(
  [
    artifactPatternsSchema,
    z.strictObject({ paths: artifactPatternsSchema, required: z.boolean().default(false) }),
  ],
  {
    error: 'a list of patterns is expected, or an object with "paths" and "required"',
  },
);
export type ArtifactWishes = z.output<typeof artifactWishesSchema>;

export function artifactPatterns(wishes: ArtifactWishes): readonly string[] {
  return isList(wishes) ? wishes : wishes.paths;
}

export function areRequired(wishes: ArtifactWishes): boolean {
  return !isList(wishes) && wishes.required;
}

const isList = (wishes: ArtifactWishes): wishes is string[] => Array.isArray(wishes);
