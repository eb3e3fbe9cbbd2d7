import { z } from 'zod';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { plain } from '../values/text.js';
import { shellWords } from './command-shell.js';
import { GUEST_WORKSPACE_DIR } from './guest-paths.js';

/** In bytes, as the supervisor takes it. */
const LONGEST_PATH = 4000;
const LONGEST_SHELL_WORD = 131_000;
const STEP_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export const stepIdSchema = z.string().regex(STEP_ID, {
  error: 'a step id is 1 to 63 of a-z, 0-9, ".", "_" and "-", and starts with a letter or a digit',
});

/** Text for a shell. */
export const commandText = plain(
  z
    .string()
    .min(1)
    .max(1024 * 1024),
);

/** Absolute, or relative to the workspace. */
export const workingDirectory = z
  .string()
  .min(1)
  .transform((path) => (path.startsWith('/') ? path : `${GUEST_WORKSPACE_DIR}/${path}`))
  .refine((path) => Buffer.byteLength(path) <= LONGEST_PATH, {
    error: `has at most ${LONGEST_PATH} bytes`,
  })
  .refine(isNormalisedAbsolutePath, pathError('must be a normalised path in the machine'));

const shellWord = plain(z.string().min(1)).refine((word) => Buffer.byteLength(word) <= LONGEST_SHELL_WORD, {
  error: `a word has at most ${LONGEST_SHELL_WORD} bytes`,
});

/** What words take of the bound that a program's arguments share with its variables, in bytes. */
export function wordBytes(words: readonly string[] = []): number {
  return words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
}

/**
 * The words of a program; the path of the command's text is put behind them. Text is split at spaces, and `bash` alone means
 * `bash -eo pipefail`. When left out: what the `#!` line of the command names, else `/bin/sh -e`.
 */
export const stepShell = z
  .union([shellWord.transform(shellWords), z.array(shellWord)])
  .transform((shell) => [...shell])
  .refine((words) => words.length >= 1 && words.length <= 16, { error: 'has 1 to 16 words' })
  .refine(([program = '']) => !/^-|=/.test(program), {
    error: 'begins with a program: no option, and no NAME=value',
  });
