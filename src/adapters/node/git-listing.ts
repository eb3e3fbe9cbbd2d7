import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { ScanFault, WorkspaceRevision } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import { gitAnswer, gitFields, whyNoDirectory } from './git-answer.js';
import { gitState } from './git-state.js';
import { type LeftOut, leftOutBelow } from './left-out.js';

export interface GitListing {
  /** Relative to the directory; may name files that are deleted by now, and some that are left out. */
  readonly paths: readonly string[];
  /** Only when it was asked for. */
  readonly revision: WorkspaceRevision | null;
}

export interface GitListingInput {
  /** Absolute, canonical; a whole work tree or a folder of one. */
  readonly directory: string;
  readonly leftOut: LeftOut;
  /** Also find out the revision: two more runs of git. */
  readonly withRevision: boolean;
  readonly signal?: AbortSignal | undefined;
  /** For each run of git. */
  readonly timeoutMs: number;
}

const GITLINK = '160000';
const UNTRACKED = '? ';

/**
 * What git tracks in the directory, and what it neither tracks nor ignores. Null when the directory is in no work tree, or
 * when the work tree around it ignores the directory as a whole: then git has nothing to say about what is in it.
 */
export async function gitListing(input: GitListingInput): Promise<Result<GitListing | null, ScanFault>> {
  const ask = (args: readonly string[]) => gitAnswer({ ...input, args });
  // One run for both lists: starting git is most of what a small work tree costs. The tag `?` marks what is not tracked.
  const list = ['ls-files', '-t', '--cached', '--stage', '--others', '--exclude-standard', '-z'];
  const [listed, state] = await Promise.all([ask(list), input.withRevision ? gitState(input) : ok(null)]);
  if (listed.isErr()) return err(listed.error);
  if (state.isErr()) return err(state.error);
  if (listed.value === null) return ok(null);

  const { isOut, isAllOut } = input.leftOut;
  let dirty = state.value?.dirty ?? false;
  const paths: string[] = [];
  const nested: string[] = [];
  const others: string[] = [];
  for (const line of gitFields(listed.value)) {
    if (line.startsWith(UNTRACKED)) {
      others.push(line.slice(UNTRACKED.length));
      continue;
    }
    // "<tag> <mode> <object> <stage>\t<path>"
    const path = line.slice(line.indexOf('\t') + 1);
    (line.startsWith(GITLINK, 2) ? nested : paths).push(path);
  }
  if (input.withRevision && !dirty) dirty = (await filterInTurns(others, (path) => !isOut(path))).length > 0;
  // Another repository that lies in the tree without being a submodule is listed as "<path>/".
  for (const path of others) {
    if (path.endsWith('/')) nested.push(path.slice(0, -1));
    else paths.push(path);
  }
  if (paths.length === 0 && nested.length === 0) {
    const ignored = await isIgnoredByParent(input);
    if (ignored.isErr()) return err(ignored.error);
    if (ignored.value) return ok(null);
  }
  for (const path of nested) {
    if (isAllOut(path)) continue;
    const unsupported = whyNoDirectory(path);
    if (unsupported !== null) return err(unsupported);
    const below = leftOutBelow(input.leftOut, path);
    const within = await nestedListing({ ...input, directory: `${input.directory}/${path}`, leftOut: below });
    if (within.isErr()) return err(within.error);
    if (within.value === 'not_a_directory') paths.push(path);
    else if (within.value !== null) {
      for (const name of within.value.paths) paths.push(`${path}/${name}`);
      dirty ||= within.value.revision?.dirty ?? false;
    }
  }
  return ok({ paths, revision: state.value === null ? null : { ...state.value, dirty } });
}

/** Asked from above: a `.gitignore` of `*` in the directory itself means what is in it, and then there is nothing to send. */
async function isIgnoredByParent(input: GitListingInput): Promise<Result<boolean, ScanFault>> {
  const prefix = await gitAnswer({ ...input, args: ['rev-parse', '--show-prefix'] });
  if (prefix.isErr()) return err(prefix.error);
  if (prefix.value === null || prefix.value.trim() === '') return ok(false);
  const directory = dirname(input.directory);
  const args = ['check-ignore', '--', `./${basename(input.directory)}/`];
  const ignored = await gitAnswer({ ...input, directory, args });
  return ignored.map((answer) => answer !== '');
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
