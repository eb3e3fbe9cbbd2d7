import { resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { CheckedOutCommit, ScanFault } from '../../ports/workspace-scanner.js';
import { gitAnswer, gitFields } from './git-answer.js';
import { configOfCopy } from './git-copy-config.js';
import { gitHead } from './git-state.js';

/** What a copy of the history of a repository is made from. The repository itself is read only. */
export interface GitFacts {
  /** Absolute. */
  readonly objects: string;
  /** Null before the first commit. */
  readonly head: CheckedOutCommit | null;
  /** The file `HEAD`. */
  readonly headText: string;
  readonly refs: readonly { readonly object: string; readonly name: string }[];
  /** The file `config`. */
  readonly config: string;
  /** Tracked files that are not checked out on purpose. */
  readonly skipped: readonly string[];
}

export interface GitCopyWish {
  /** Absolute, canonical. */
  readonly directory: string;
  readonly history: 'shallow' | 'full';
  /** Only what the commit that is checked out has in its history. */
  readonly onlyReachable: boolean;
  readonly signal: AbortSignal | undefined;
  /** For each run of git. */
  readonly timeoutMs: number;
}

/** What stands in the way of a usable copy is a fault that says what to do. */
export async function gitFacts(wish: GitCopyWish): Promise<Result<GitFacts, ScanFault>> {
  const { directory, history } = wish;
  const ask = (...args: string[]) => gitAnswer({ ...wish, args });
  const refused = (message: string) => err({ kind: 'git_failed' as const, path: directory, message });
  const where = await ask(
    'rev-parse',
    '--show-prefix',
    '--is-shallow-repository',
    '--show-object-format',
    '--git-path',
    'objects',
  );
  if (where.isErr()) return err(where.error);
  if (where.value === null)
    return refused(
      `${directory} is in no git work tree, and workspace.git is "${history}": run it in a clone, or set it to "none"`,
    );
  const [prefix, shallow, format, objects, ...more] = where.value.split('\n');
  if (objects === undefined || more.length !== 1)
    return refused(`the path of the repository of ${directory} cannot be used by workspace.git: move it`);
  if (prefix !== '')
    return refused(
      `${directory} is not the top of its git work tree, which workspace.git needs: run the whole work tree, or set it to "none"`,
    );
  const config = await ask('config', '-z', '--get-regexp', '^(core|extensions|remote)[.]');
  if (config.isErr()) return err(config.error);
  const settings = gitFields(config.value ?? '').map((field) => {
    const [name = '', ...value] = field.split('\n');
    return { name, value: value.length === 0 ? 'true' : value.join('\n') };
  });
  if (settings.some(({ name }) => /^extensions\.partialclone$|^remote\..*\.promisor$/.test(name)))
    return refused(
      `the repository of ${directory} is a partial clone, which lacks objects that workspace.git has to send: clone it without --filter, or set it to "none"`,
    );
  if (history === 'full' && shallow === 'true')
    return refused(
      `the repository of ${directory} is a shallow clone, and workspace.git is "full": git fetch --unshallow, or set it to "shallow"`,
    );
  return readRefs(wish).then((read) =>
    read.map((found) => ({
      objects: resolve(directory, objects),
      config: configOfCopy(format ?? 'sha1', settings),
      ...found,
    })),
  );
}

async function readRefs(
  wish: GitCopyWish,
): Promise<Result<Pick<GitFacts, 'head' | 'headText' | 'refs' | 'skipped'>, ScanFault>> {
  const ask = (...args: string[]) => gitAnswer({ ...wish, args });
  const head = await gitHead(wish);
  if (head.isErr()) return err(head.error);
  const symbolic = await ask('symbolic-ref', '--quiet', 'HEAD');
  if (symbolic.isErr()) return err(symbolic.error);
  const tracked = await ask('ls-files', '-t', '-z');
  if (tracked.isErr()) return err(tracked.error);
  const skipped = gitFields(tracked.value ?? '').flatMap((line) =>
    line.startsWith('S ') ? [line.slice(2)] : [],
  );
  const commit = head.value;
  const headText = symbolic.value || `${commit?.hash ?? ''}\n`;
  const about = { head: commit, headText: symbolic.value ? `ref: ${headText}` : headText, skipped };
  if (commit === null) return ok({ ...about, refs: [] });
  const which =
    wish.history === 'shallow'
      ? [`--points-at=${commit.hash}`, 'refs/tags']
      : wish.onlyReachable
        ? [`--merged=${commit.hash}`, 'refs/tags']
        : ['refs/heads', 'refs/tags', 'refs/remotes'];
  const listed = await ask('for-each-ref', '--format=%(objectname) %(refname) %(symref)', ...which);
  if (listed.isErr()) return err(listed.error);
  const refs = (listed.value ?? '').split('\n').flatMap((line) => {
    const [object, name, symref] = line.split(' ');
    return object && name && !symref ? [{ object, name }] : [];
  });
  const branch = symbolic.value?.trim() ?? '';
  const own = branch === '' ? [] : [{ object: commit.hash, name: branch }];
  return ok({ ...about, refs: [...refs.filter(({ name }) => name !== own[0]?.name), ...own] });
}
