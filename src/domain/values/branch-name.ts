import { z } from 'zod';
import { hasControlCharacter } from './path-rules.js';

/** A branch as `git check-ref-format --branch` allows it, at most 255 characters. It is compared with what records say and never becomes a path. */
export const branchNameSchema = z
  .string()
  .min(1)
  .max(255)
  .refine(isBranchName, { error: 'is not the name of a branch' });

function isBranchName(name: string): boolean {
  if (hasControlCharacter(name) || /[ ~^:?*[\\]/.test(name)) return false;
  if (name.includes('..') || name.includes('@{') || name === '@') return false;
  if (name.startsWith('-') || name.endsWith('.')) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}
