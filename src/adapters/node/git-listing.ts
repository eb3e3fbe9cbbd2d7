import { lstat } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { exclusion } from './exclusion.js';
import { gitAnswer, gitFields } from './git-answer.js';
import { gitState } from './git-state.js';

export interface GitListing {
  /** Relative to the directory; may name files that are deleted by now. */
  readonly paths: readonly string[];
  readonly git: NonNullable<WorkspaceSnapshot['git']>;
}

export interface GitListingInput {
  /** Absolute, canonical; a whole work tree or a folder of one. */
  readonly directory: string;
  readonly exclude: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** For each run of git. */
  readonly timeoutMs: number;
}

const GITLINK = '160000';

/**
 * What git tracks in the directory, and what it neither tracks nor ignores. Null when the directory is in no work tree, or
 * when the work tree around it ignores the directory as a whole: then git has nothing to say about what is in it.
 */
export async function gitListing(input: GitListingInput): Promise<Result<GitListing | null, ScanFault>> {
  const ask = (args: readonly string[]) => gitAnswer({ ...input, args });
  const [tracked, untracked, state] = await Promise.all([
    ask(['ls-files', '--cached', '--stage', '-z']),
    ask(['ls-files', '--others', '--exclude-standard', '-z']),
    gitState(input),
  ]);
  if (tracked.isErr()) return err(tracked.error);
  if (untracked.isErr()) return err(untracked.error);
  if (state.isErr()) return err(state.error);
  if (tracked.value === null || untracked.value === null || state.value === null) return ok(null);

  const others = gitFields(untracked.value);
  const isExcluded = exclusion(input.exclude);
  let dirty = state.value.dirty || others.some((path) => !isExcluded(path));
  const paths: string[] = [];
  const nested: string[] = [];
  for (const line of gitFields(tracked.value)) {
    // "<mode> <object> <stage>\t<path>"
    const path = line.slice(line.indexOf('\t') + 1);
    (line.startsWith(GITLINK) ? nested : paths).push(path);
  }
  // Another repository that lies in the tree without being a submodule is listed as "<path>/".
  for (const path of others) {
    if (path.endsWith('/')) nested.push(path.slice(0, -1));
    else paths.push(path);
  }
  if (paths.length === 0 && nested.length === 0) {
    const ignored = await ask(['check-ignore', '--', '.']);
    if (ignored.isErr()) return err(ignored.error);
    if (ignored.value !== '') return ok(null);
  }
  for (const path of nested) {
    const within = await nestedListing({ ...input, directory: `${input.directory}/${path}` });
    if (within.isErr()) return err(within.error);
    if (within.value === 'not_a_directory') paths.push(path);
    else if (within.value !== null) {
      for (const name of within.value.paths) paths.push(`${path}/${name}`);
      dirty ||= within.value.git.dirty;
    }
  }
  return ok({ paths, git: { ...state.value, dirty } });
}

/** A submodule that is not checked out has no files of its own, and git run in it would speak of the repository around it. */
async function nestedListing(
  input: GitListingInput,
): Promise<Result<GitListing | null | 'not_a_directory', ScanFault>> {
  try {
    if (!(await lstat(input.directory)).isDirectory()) return ok('not_a_directory');
    await lstat(`${input.directory}/.git`);
  } catch {
    return ok(null);
  }
  return gitListing(input);
}
