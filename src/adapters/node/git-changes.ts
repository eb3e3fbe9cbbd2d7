import { lstat } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import { type GitQuestion, gitAnswer, gitFields, whyNoDirectory } from './git-answer.js';
import { gitListing } from './git-listing.js';
import { withoutOwnFilters } from './git-state.js';
import { type LeftOut, leftOutBelow } from './left-out.js';

export interface GitChangesInput {
  /** Absolute, canonical; a whole work tree or a folder of one. */
  readonly directory: string;
  /** Anything that names a commit. */
  readonly revision: string;
  readonly leftOut: LeftOut;
  readonly signal?: AbortSignal | undefined;
  /** For each run of git. */
  readonly timeoutMs: number;
}

type Place = Pick<GitQuestion, 'directory' | 'signal' | 'timeoutMs'> & Pick<GitChangesInput, 'leftOut'>;

/**
 * What differs between the directory as it is and the commit at which it left the way to a revision: committed or not, tracked or not,
 * removed files and both names of renamed ones, and files of submodules by their own names. Relative to the directory.
 */
export async function gitChanges(input: GitChangesInput): Promise<Result<readonly string[], ScanFault>> {
  const { revision, ...place } = input;
  const commit = await commitOf(place, revision);
  if (commit.isErr()) return err(commit.error);
  if (commit.value === null) {
    const advice = 'fetch it first, or name another';
    return err(
      refused(place, `there is no commit ${JSON.stringify(revision)} in this repository; ${advice}`),
    );
  }
  const base = await gitAnswer({ ...place, args: ['merge-base', commit.value, 'HEAD'] });
  if (base.isErr()) return err(base.error);
  const common = base.value?.trim().split('\n')[0] ?? '';
  if (common === '') {
    const why = 'a shallow clone lacks it: fetch more of the history';
    return err(refused(place, `${revision} and HEAD have no commit in common; ${why}`));
  }
  const changed = await changesSince(place, common);
  if (changed.isErr()) return err(changed.error);
  return ok(await filterInTurns([...new Set(changed.value)], (path) => !input.leftOut.isOut(path)));
}

function refused({ directory }: Place, message: string): ScanFault {
  return { kind: 'git_failed', path: directory, message: `${directory}: ${message}` };
}

/** Null when there is none of that name. */
async function commitOf(place: Place, revision: string): Promise<Result<string | null, ScanFault>> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const answer = await gitAnswer({ ...place, args });
  if (answer.isErr()) return err(answer.error);
  if (answer.value === null) return err(refused(place, 'it is in no git work tree'));
  const commit = answer.value.trim();
  return ok(commit === '' ? null : commit);
}

async function changesSince(place: Place, commit: string): Promise<Result<readonly string[], ScanFault>> {
  const settings = await withoutOwnFilters(place);
  if (settings.isErr()) return err(settings.error);
  // Both names of a file that was moved: a filter may be for the one that is gone.
  const plain = ['--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules=dirty'];
  const diff = ['diff', '--name-only', '-z', '--relative', ...plain, commit, '--', '.'];
  const changed = await gitAnswer({ ...place, settings: settings.value, args: diff });
  if (changed.isErr()) return err(changed.error);
  const list = ['ls-files', '-t', '--cached', '--stage', '--others', '--exclude-standard', '-z'];
  const listed = await gitAnswer({ ...place, args: list });
  if (listed.isErr()) return err(listed.error);
  const paths = [...gitFields(changed.value ?? '')];
  for (const line of gitFields(listed.value ?? '')) {
    const untracked = line.startsWith('? ') ? line.slice(2) : null;
    if (untracked !== null && !untracked.endsWith('/')) paths.push(untracked);
    // Another repository within this one: a submodule, or one that git knows nothing of.
    const isNested = untracked !== null || line.startsWith('160000', 2);
    const path = untracked?.replace(/\/$/, '') ?? line.slice(line.indexOf('\t') + 1);
    if (!isNested || (untracked !== null && !untracked.endsWith('/'))) continue;
    const within = await nestedChanges(place, path, untracked === null ? commit : null);
    if (within.isErr()) return err(within.error);
    paths.push(...within.value.map((name) => `${path}/${name}`));
  }
  return ok(paths);
}

/** All files of one that was not there at that commit, or whose own commit of then is not to be had. */
async function nestedChanges(
  outer: Place,
  path: string,
  commit: string | null,
): Promise<Result<readonly string[], ScanFault>> {
  if (outer.leftOut.isAllOut(path)) return ok([]);
  const unsupported = whyNoDirectory(path);
  if (unsupported !== null) return err(unsupported);
  const leftOut = leftOutBelow(outer.leftOut, path);
  const place = { ...outer, directory: `${outer.directory}/${path}`, leftOut };
  if (!(await isRepository(place.directory))) return ok([]);
  if (commit !== null) {
    const tree = await gitAnswer({ ...outer, args: ['ls-tree', '-z', commit, '--', path] });
    if (tree.isErr()) return err(tree.error);
    const [, then] = /^160000 commit ([0-9a-f]+)\t/.exec(tree.value ?? '') ?? [];
    const known = then === undefined ? ok(null) : await commitOf(place, then);
    if (known.isErr()) return err(known.error);
    if (known.value !== null) return changesSince(place, known.value);
  }
  const all = await gitListing({ ...place, withRevision: false });
  return all.map((listing) => listing?.paths ?? []);
}

async function isRepository(directory: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory() && (await lstat(`${directory}/.git`)) !== null;
  } catch {
    return false;
  }
}
