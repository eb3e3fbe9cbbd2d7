import { lstat } from 'node:fs/promises';
import { whyNoLink } from '../../../application/directories/state-root.js';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { quoteWord } from '../../../domain/values/shell-words.js';
import type { CliRepository } from '../process/cli-input.js';

/** Why every command refuses a state root, those that only read among them: whoever commits to the repository would say what has been recorded. Null when it is none of these, or git cannot say. */
export async function whyRefused(
  stateRoot: string,
  repository: CliRepository,
): Promise<ConfigProblem | null> {
  const path = 'stateRoot';
  // A link may be tracked as well; it stays a link whatever git knows of it.
  if (await isLink(stateRoot)) return { path, message: whyNoLink(stateRoot) };
  const tracked = await repository.isTracked(stateRoot);
  if (tracked.isErr() || !tracked.value) return null;
  const message = `${stateRoot} is tracked by git, so whoever commits says what was recorded: git rm -r --cached ${quoteWord(stateRoot)}, or name another with --state-root`;
  return { path, message };
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}
