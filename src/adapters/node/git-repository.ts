import { lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type GitQuestion, gitAnswer } from './git-answer.js';
import { isBelowGitDirectory } from './git-marker.js';
import { withoutOwnFilters } from './git-state.js';
import { NodeProcesses } from './node-processes.js';
import { madeScratchFolder } from './scratch-folder.js';

const TIMEOUT_MS = 60_000;

/** A commit's files in a folder of their own, until it is disposed of. */
export interface ExportedCommit extends AsyncDisposable {
  /** The whole hash. */
  readonly commit: string;
  /** What stands in the commit for the folder that was asked about; it need not be there. */
  readonly directory: string;
}

type Place = Pick<GitQuestion, 'directory' | 'timeoutMs' | 'signal'>;

/**
 * Writes the files of a commit of the repository around `directory` below `scratch`, which is made. Neither the work tree nor the
 * index of the repository counts, and no filter of the repository's own runs. What processes that were killed have left there of their own
 * is removed. The error is a sentence.
 */
export async function exportCommit(
  directory: string,
  revision: string,
  { scratch, signal }: { readonly scratch: string; readonly signal?: AbortSignal | undefined },
): Promise<Result<ExportedCommit, string>> {
  const place: Place = { directory, timeoutMs: TIMEOUT_MS, signal };
  const resolved = await git(place, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (resolved.isErr()) return err(resolved.error);
  const commit = resolved.value.trim();
  if (commit === '')
    return err(`there is no commit ${JSON.stringify(revision)} in the repository of ${directory}: fetch it`);
  const where = await git(place, ['rev-parse', '--absolute-git-dir', '--show-prefix']);
  if (where.isErr()) return err(where.error);
  const [gitDirectory = '', prefix = ''] = where.value.split('\n');
  const settings = await withoutOwnFilters(place);
  if (settings.isErr()) return err(settings.error.message);

  const made = await madeFolder(scratch);
  if (made === null) return err(`no folder could be made in ${scratch}`);
  const remove = () => rm(made, { recursive: true, force: true });
  const tree = join(made, 'tree');
  const own = { ...place, settings: settings.value, indexFile: join(made, 'index') };
  const at = ['--git-dir', gitDirectory, '--work-tree', tree];
  for (const command of [
    ['read-tree', commit],
    ['checkout-index', '--all', '--quiet'],
  ]) {
    const done = await git({ ...own, directory: tree }, [...at, ...command]);
    if (done.isOk()) continue;
    await remove();
    return err(done.error);
  }
  return ok({ commit, directory: join(tree, prefix), [Symbol.asyncDispose]: remove });
}

/** Whether the path is there, and git has it, or something below it, in the index of the repository around it. */
export async function isTracked(path: string): Promise<Result<boolean, string>> {
  const directory = dirname(path);
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (!isThere || !(await isBelowGitDirectory(directory))) return ok(false);
  // As a name and no pattern.
  const listed = await gitAnswer({
    directory,
    timeoutMs: TIMEOUT_MS,
    args: ['--literal-pathspecs', 'ls-files', '-z', '--cached', '--', basename(path)],
  });
  return listed.map((names) => names !== null && names !== '').mapErr(({ message }) => message);
}

/** With the folder for the files in it; null when there is no place for it. */
async function madeFolder(scratch: string): Promise<string | null> {
  const made = await madeScratchFolder(scratch, 'commit', new NodeProcesses());
  if (made === null) return null;
  return mkdir(join(made, 'tree')).then(
    () => made,
    () => null,
  );
}

async function git(
  question: Omit<GitQuestion, 'args'>,
  args: readonly string[],
): Promise<Result<string, string>> {
  const answer = await gitAnswer({ ...question, args });
  return answer
    .mapErr(({ message }) => message)
    .andThen((text) => (text === null ? err(`${question.directory} is in no git repository`) : ok(text)));
}
