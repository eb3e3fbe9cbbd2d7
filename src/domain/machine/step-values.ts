import { z } from 'zod';
import { noNul, noNulError } from '../values/environment.js';
import { isNormalisedAbsolutePath } from '../values/path-rules.js';
import { GUEST_WORKSPACE_DIR } from './guest-paths.js';

const STEP_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export const stepIdSchema = z.string().regex(STEP_ID, {
  error: 'a step id is 1 to 63 of a-z, 0-9, ".", "_" and "-", and starts with a letter or a digit',
});

/** Text for a shell. */
export const commandText = z
  .string()
  .min(1)
  .max(1024 * 1024)
  .refine(noNul, noNulError);

/** Absolute, or relative to the workspace. */
export const workingDirectory = z
  .string()
  .min(1)
  .transform((path) => (path.startsWith('/') ? path : `${GUEST_WORKSPACE_DIR}/${path}`))
  .refine(isNormalisedAbsolutePath, { error: 'must be a normalised path in the machine' });

/** A program, or the words of a command; the path of the command's text is put behind them. `/bin/sh` when left out. */
export const stepShell = z
  .union([
    z.string().min(1).refine(noNul, noNulError),
    z.array(z.string().min(1).refine(noNul, noNulError)).min(1).max(16),
  ])
  .transform((shell) => (typeof shell === 'string' ? [shell] : shell));
