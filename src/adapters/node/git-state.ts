import { err, ok, type Result } from 'neverthrow';
import type { CheckedOutCommit, ScanFault, WorkspaceRevision } from '../../ports/workspace-scanner.js';
import { isUnicode } from '../../streams/name-bytes.js';
import { type GitQuestion, gitAnswer, gitFields } from './git-answer.js';

/**
 * The commit that is checked out, and whether a tracked file below the directory differs from it. Null outside of a work tree.
 * Neither untracked files nor changes inside of submodules are looked at: the listing knows of them.
 */
export async function gitState(
  place: Omit<GitQuestion, 'args' | 'settings'>,
): Promise<Result<WorkspaceRevision | null, ScanFault>> {
  const settings = await withoutOwnFilters(place);
  if (settings.isErr()) return err(settings.error);
  const args = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=no', '--no-renames'];
  const status = await gitAnswer({
    ...place,
    settings: settings.value,
    args: [...args, '--ignore-submodules=dirty', '--', '.'],
  });
  return status.map((text) => {
    if (text === null) return null;
    const lines = gitFields(text);
    const oid = /^# branch\.oid ([0-9a-f]+)$/.exec(
      lines.find((line) => line.startsWith('# branch.oid')) ?? '',
    );
    const name = lines.find((line) => line.startsWith('# branch.head '))?.slice('# branch.head '.length);
    const branch = name === undefined || name === '(detached)' || !isUnicode(name) ? null : name;
    return { head: oid?.[1] ?? null, dirty: lines.some((line) => !line.startsWith('# ')), branch };
  });
}

/** What is checked out, in one run of git that looks at no file. Null outside of a work tree, and before the first commit. */
export async function gitHead(
  place: Omit<GitQuestion, 'args' | 'settings'>,
): Promise<Result<CheckedOutCommit | null, ScanFault>> {
  // Quietly, so that no commit is no fault.
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD'];
  const [hash, symbolic] = await Promise.all([
    gitAnswer({ ...place, args }),
    gitAnswer({ ...place, args: ['symbolic-ref', '--quiet', 'HEAD'] }),
  ]);
  if (hash.isErr()) return err(hash.error);
  if (symbolic.isErr()) return err(symbolic.error);
  const commit = hash.value?.trim() ?? '';
  const name = /^refs\/heads\/(.+)\n$/.exec(symbolic.value ?? '')?.[1] ?? null;
  // No variable can hold another one.
  const branch = name !== null && isUnicode(name) ? name : null;
  return ok(commit === '' ? null : { hash: commit, branch });
}

/**
 * To compare a file, `status` runs the filter that its attributes name. Those that the user has set up are the user's own;
 * a repository that came from elsewhere must not bring commands with it.
 */
export async function withoutOwnFilters(
  place: Omit<GitQuestion, 'args' | 'settings'>,
): Promise<Result<(readonly [string, string])[], ScanFault>> {
  const pattern = '^filter\\..*\\.(clean|process|required)$';
  const answer = await gitAnswer({
    ...place,
    args: ['config', '-z', '--show-scope', '--name-only', '--get-regexp', pattern],
  });
  return answer.andThen((text) => {
    const fields = gitFields(text ?? '');
    // Pairs of scope and name.
    const own = fields.filter(
      (_, index) => index % 2 === 1 && !/^(global|system|command)$/.test(fields[index - 1] ?? ''),
    );
    return ok(own.map((name) => [name, name.endsWith('.required') ? 'false' : ''] as const));
  });
}
