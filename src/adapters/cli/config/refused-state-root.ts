import { err, ok, type Result } from 'neverthrow';
import { placesOfState, whyNoLink, whyNoLinkIn } from '../../../application/directories/state-root.js';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { quoteWord } from '../../../domain/values/shell-words.js';
import type { Trust } from '../../../domain/values/trust.js';
import type { CliRepository } from '../process/cli-input.js';
import { isLink, linkInWorkTree } from './work-tree.js';

/**
 * Every command refuses a state root that a commit can have made, those that only read among them: whoever commits to the repository would
 * say what has been recorded. So is one of which git does not say whether it tracks it; where git is missing, a warning is enough for those
 * who trust the workspace. The value is that warning, or null.
 */
export async function checkStateRoot(
  stateRoot: string,
  { repository, trust }: { readonly repository: CliRepository; readonly trust: Trust },
): Promise<Result<string | null, ConfigProblem>> {
  const refused = (message: string) => err({ path: 'stateRoot', message });
  // A link may be tracked as well; it stays a link whatever git knows of it.
  if (await isLink(stateRoot)) return refused(whyNoLink(stateRoot));
  for (const place of placesOfState(stateRoot)) if (await isLink(place)) return refused(whyNoLinkIn(place));
  const link = await linkInWorkTree(stateRoot);
  if (link !== null)
    return refused(
      `the state root ${stateRoot} lies behind the link ${link}, which a commit could have made: let "stateRoot" name the directory itself; where it leads to: readlink -f ${quoteWord(stateRoot)}`,
    );
  const tracked = await repository.isTracked(stateRoot);
  if (tracked.isOk()) {
    if (!tracked.value) return ok(null);
    return refused(
      `${stateRoot} is tracked by git, so whoever commits says what was recorded: git rm -r --cached ${quoteWord(stateRoot)}, or name another with --state-root`,
    );
  }
  const elsewhere = 'name one outside of the work tree with --state-root';
  const { kind, message } = tracked.error;
  const unknown = `whether ${stateRoot} is tracked by git is not known`;
  if (kind !== 'git_missing') return refused(`${unknown}: ${message}; or ${elsewhere}`);
  const missing = `${unknown}, since there is no git here: install git, or ${elsewhere}`;
  return trust === 'untrusted' ? refused(missing) : ok(missing);
}
