import { z } from 'zod';
import { pathError, whyNoPath } from '../values/path-rules.js';
import { whyNoPattern } from './pattern.js';
import { isExclusion } from './pattern-list.js';

/** A pattern as it is written, with or without a `!` in front: at most 1024 characters, and no `..`. */
export const patternText = z
  .string()
  .min(1)
  .max(1024)
  .refine((pattern) => whyNoPath(pattern) === null, pathError(''))
  .refine((pattern) => !pattern.split('/').includes('..'), { error: 'must not contain ".."' })
  .superRefine((pattern, context) => {
    const message = whyNoPattern(isExclusion(pattern) ? pattern.slice(1) : pattern);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
