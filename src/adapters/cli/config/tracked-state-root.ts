import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { quoteWord } from '../../../domain/values/shell-words.js';
import type { CliRepository } from '../process/cli-input.js';

/** Why a state root is refused: whoever commits to the repository would say what has been recorded. Null when it is not tracked, or git cannot say. */
export async function whyTracked(
  stateRoot: string,
  repository: CliRepository,
): Promise<ConfigProblem | null> {
  const tracked = await repository.isTracked(stateRoot);
  if (tracked.isErr() || !tracked.value) return null;
  const message = `${stateRoot} is tracked by git, so whoever commits says what was recorded: git rm -r --cached ${quoteWord(stateRoot)}, or name another with --state-root`;
  return { path: 'stateRoot', message };
}
