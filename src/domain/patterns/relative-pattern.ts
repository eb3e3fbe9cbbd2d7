import { patternText } from './pattern-text.js';

/** A pattern of paths in the workspace. */
export const relativePattern = patternText.refine((glob) => !glob.startsWith('/') && !glob.startsWith('!/'), {
  error: 'must be a pattern of paths in the workspace, without a "/" at the start',
});
