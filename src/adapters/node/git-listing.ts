import { lstat } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { exclusion } from './exclusion.js';
import { gitAnswer } from './git-answer.js';

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
  const [tracked, untracked, status] = await Promise.all([
    ask(['ls-files', '--cached', '--stage', '-z']),
    ask(['ls-files', '--others', '--exclude-standard', '-z']),
    // Without untracked files: the call beside it walks the tree already.
    ask(['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=no', '--no-renames', '--', '.']),
  ]);
  if (tracked.isErr()) return err(tracked.error);
  if (untracked.isErr()) return err(untracked.error);
  if (status.isErr()) return err(status.error);
  if (tracked.value === null || untracked.value === null || status.value === null) return ok(null);

  const others = fields(untracked.value);
  const isExcluded = exclusion(input.exclude);
  const paths: string[] = [];
  const nested: string[] = [];
  for (const line of fields(tracked.value)) {
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
    const within = await nestedPaths({ ...input, directory: `${input.directory}/${path}` });
    if (within.isErr()) return err(within.error);
    if (within.value === 'not_a_directory') paths.push(path);
    else for (const name of within.value) paths.push(`${path}/${name}`);
  }
  return ok({
    paths,
    git: gitState(
      fields(status.value),
      others.some((path) => !isExcluded(path)),
    ),
  });
}

/** A submodule that is not checked out has no files of its own, and git run in it would speak of the repository around it. */
async function nestedPaths(
  input: GitListingInput,
): Promise<Result<readonly string[] | 'not_a_directory', ScanFault>> {
  try {
    if (!(await lstat(input.directory)).isDirectory()) return ok('not_a_directory');
    await lstat(`${input.directory}/.git`);
  } catch {
    return ok([]);
  }
  return (await gitListing(input)).map((listing) => listing?.paths ?? []);
}

function fields(text: string): readonly string[] {
  return text.split('\0').slice(0, -1);
}

function gitState(status: readonly string[], hasUntracked: boolean): GitListing['git'] {
  const oid = /^# branch\.oid ([0-9a-f]+)$/.exec(
    status.find((line) => line.startsWith('# branch.oid')) ?? '',
  );
  return { head: oid?.[1] ?? null, dirty: hasUntracked || status.some((line) => !line.startsWith('# ')) };
}
