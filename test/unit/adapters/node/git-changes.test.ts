import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { git, temporaryRepository } from '../../../support/git-repository.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

let scanner: GitWorkspaceScanner;
beforeAll(() => {
  scanner = new GitWorkspaceScanner();
});
afterAll(() => scanner[Symbol.asyncDispose]());

async function write(root: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${path} ${Math.random()}`);
  }
}

async function commit(root: string, ...paths: readonly string[]): Promise<void> {
  await write(root, ...paths);
  await git(root, 'add', '-A');
  await git(root, 'commit', '-qm', 'x');
}

async function changes(root: string, revision: string): Promise<readonly string[] | string> {
  const found = await scanner.changedSince(root, revision);
  return found.match(
    (paths) => [...paths].sort(),
    ({ kind, message }) => `${kind}: ${message}`,
  );
}

describe('what has changed since a commit', () => {
  it('is committed or not, new, removed, and moved under both names', async () => {
    await using repository = await temporaryRepository();
    const { path: root } = repository;
    await commit(root, 'kept', 'src/café.rs', 'src/gone', 'src/moved');
    await git(root, 'checkout', '-qb', 'topic');
    await commit(root, 'src/café.rs');
    await git(root, 'checkout', '-q', 'main');
    await commit(root, 'only-on-main');
    await git(root, 'checkout', '-q', 'topic');
    await mkdir(join(root, 'docs'));
    await git(root, 'mv', 'src/moved', 'docs/moved');
    await rm(join(root, 'src/gone'));
    await write(root, 'new/file', '.pikaci/runs/x', 'ignored.o');
    await writeFile(join(root, '.gitignore'), '*.o\n');
    const expected = ['.gitignore', 'docs/moved', 'new/file', 'src/café.rs', 'src/gone', 'src/moved'];
    expect(await changes(root, 'main')).toEqual(expected);
    expect(await changes(join(root, 'src'), 'main')).toEqual(['café.rs', 'gone', 'moved']);
    expect(await changes(root, 'HEAD')).toEqual(expected.filter((path) => path !== 'src/café.rs'));
  });

  it('has the files of a submodule by their names', async () => {
    await using library = await temporaryRepository();
    await using repository = await temporaryRepository();
    const { path: root } = repository;
    await commit(library.path, 'a.c', 'b.c');
    await git(root, 'submodule', '--quiet', 'add', library.path, 'vendor/lib');
    await commit(root, 'x');
    const inner = join(root, 'vendor/lib');
    expect(await changes(root, 'HEAD')).toEqual([]);
    await commit(inner, 'b.c');
    await write(inner, 'new.c');
    expect(await changes(root, 'HEAD')).toEqual(['vendor/lib', 'vendor/lib/b.c', 'vendor/lib/new.c']);
    await git(root, 'commit', '-qam', 'y');
    expect(await changes(root, 'HEAD~1')).toEqual(['vendor/lib', 'vendor/lib/b.c', 'vendor/lib/new.c']);
    expect(await changes(root, 'HEAD')).toEqual(['vendor/lib/new.c']);
    await rename(join(root, 'vendor'), join(root, 'sold'));
    expect(await changes(root, 'HEAD')).toContain('vendor/lib');
  });

  it('is a fault where it cannot be known, and never an empty list', async () => {
    await using repository = await temporaryRepository();
    const { path: root } = repository;
    await commit(root, 'a');
    expect(await changes(root, '0'.repeat(40))).toMatch(/git_failed: .*no commit "0{40}"/);
    expect(await changes(root, '--output=/tmp/x')).toMatch(/git_failed: .*no commit/);
    await git(root, 'checkout', '-q', '--orphan', 'alone');
    await commit(root, 'b');
    expect(await changes(root, 'main')).toMatch(/git_failed: .*no commit in common/);
    await using elsewhere = await temporaryDirectory();
    expect(await changes(elsewhere.path, 'main')).toMatch(/git_failed: .*no git work tree/);
  });
});
