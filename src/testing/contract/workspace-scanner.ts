import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { WorkspaceScanner, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { ContractRunner } from './contract-runner.js';

/** A workspace that the suite may change, and the scanner that is to see the changes. Paths are relative to `directory`. */
export interface ScannedWorkspace extends AsyncDisposable {
  readonly scanner: WorkspaceScanner;
  /** Absolute. */
  readonly directory: string;
  /** Makes missing parents; replaces what is there. The time is in nanoseconds since 1970. */
  write(
    path: string,
    content: string,
    options?: { readonly executable?: boolean; readonly mtimeNs?: string },
  ): Promise<void>;
  /** Makes a symbolic link; `target` is written into it as it is. */
  link(path: string, target: string): Promise<void>;
  /** Removes a file or a link. */
  remove(path: string): Promise<void>;
}

/** What every `WorkspaceScanner` does. `make` hands in an empty workspace of its own for each test. */
export function workspaceScannerContract(
  runner: ContractRunner,
  name: string,
  make: () => Promise<ScannedWorkspace>,
): void {
  const test = (title: string, body: (workspace: ScannedWorkspace) => Promise<void>) =>
    runner.it(title, async () => {
      await using workspace = await make();
      await body(workspace);
    });

  runner.describe(`a workspace scanner: ${name}`, () => {
    test('lists files and links by their relative paths, sorted by bytes', async (workspace) => {
      await workspace.write('b/deep/file.txt', 'two');
      await workspace.write('a.txt', 'one');
      await workspace.write('b.txt', '');
      await workspace.write('\u{1f600}', 'a surrogate pair in JavaScript');
      await workspace.write('\uff01', 'before it in bytes, after it in UTF-16');
      await workspace.link('z', 'nowhere');
      const snapshot = await scanned(workspace);
      assert.deepEqual(snapshot.entries, ['a.txt', 'b.txt', 'b/deep/file.txt', 'z', '\uff01', '\u{1f600}']);
    });

    test('names the content by a sha256 in lower-case hex', async (workspace) => {
      await workspace.write('a', 'x');
      assert.match((await scanned(workspace)).contentHash, /^[0-9a-f]{64}$/);
    });

    test('counts the bytes of files, and not those of links', async (workspace) => {
      await workspace.write('a', 'four');
      await workspace.write('b', '\u00e4');
      await workspace.link('c', 'a');
      assert.equal((await scanned(workspace)).totalBytes, 6);
    });

    test('gives the same content of the same time the same hash', async (workspace) => {
      const options = { mtimeNs: '1700000000000000001' };
      await workspace.write('a', 'x', options);
      await workspace.link('l', 'a');
      const before = await scanned(workspace);
      await workspace.remove('a');
      await workspace.write('a', 'x', options);
      assert.deepEqual(await scanned(workspace), before);
    });

    test('says what each entry holds', async (workspace) => {
      const options = { executable: true, mtimeNs: '1700000000000000001' };
      await workspace.write('a', 'x', options);
      await workspace.link('l', 'a');
      assert.deepEqual((await scanned(workspace)).contents, [
        { kind: 'x', bytes: 1, mtimeNs: options.mtimeNs, sha256: sha256('x') },
        { kind: 'l', bytes: 1, mtimeNs: '0', sha256: sha256('a') },
      ]);
    });

    const changes: readonly [string, (workspace: ScannedWorkspace) => Promise<void>][] = [
      ['content changes', (w) => w.write('a', 'y')],
      ['a file is made executable', (w) => w.write('a', 'x', { executable: true })],
      ['a file is touched', (w) => w.write('a', 'x', { mtimeNs: '1700000000000000002' })],
      ['a file is added, empty or not', (w) => w.write('new', '')],
      ['a file is removed', (w) => w.remove('a')],
      ['a link points elsewhere', (w) => w.link('l', 'b')],
      ['a link becomes a file that holds its target', (w) => w.write('l', 'a')],
      [
        'a file is renamed',
        async (w) => {
          await w.remove('a');
          await w.write('c', 'x');
        },
      ],
      [
        'bytes move from one file to the next',
        async (w) => {
          await w.write('a', '');
          await w.write('b', 'xbb');
        },
      ],
    ];
    for (const [what, change] of changes) {
      test(`gives another hash when ${what}`, async (workspace) => {
        await workspace.write('a', 'x', { mtimeNs: '1700000000000000001' });
        await workspace.write('b', 'bb');
        await workspace.link('l', 'a');
        const before = await scanned(workspace);
        await change(workspace);
        assert.notEqual((await scanned(workspace)).contentHash, before.contentHash);
      });
    }

    test('leaves out what patterns name, and takes its hash without it', async (workspace) => {
      const options = { mtimeNs: '1700000000000000001' };
      await workspace.write('a', 'x', options);
      await workspace.write('out/keep', 'x', options);
      const before = await scanned(workspace);
      await workspace.write('out/deep/b', 'x');
      await workspace.write('c.log', 'x');
      const { scanner, directory } = workspace;
      const exclude = ['**/*.log', 'out', '!out/keep'];
      const result = await scanner.scan(directory, { exclude });
      assert.deepEqual(result._unsafeUnwrap(), before);
    });

    test('takes only what is taken away from patterns that name nothing else', async (workspace) => {
      await workspace.write('a', 'x');
      await workspace.write('src/b', 'x');
      const result = await workspace.scanner.scan(workspace.directory, { exclude: ['!src'] });
      assert.deepEqual(result._unsafeUnwrap().entries, ['src/b']);
    });

    test('takes just the paths that it is given, whatever their names, and those alone that are there', async (workspace) => {
      const options = { mtimeNs: '1700000000000000001' };
      await workspace.write('.pikaci/a', 'x', options);
      await workspace.write('node_modules/b', 'xx', options);
      await workspace.write('c', 'x', options);
      const { scanner, directory } = workspace;
      const only = ['node_modules/b', '.pikaci/a', 'not-there'];
      const { entries, totalBytes } = (await scanner.scan(directory, { only }))._unsafeUnwrap();
      assert.deepEqual([entries, totalBytes], [['.pikaci/a', 'node_modules/b'], 3]);
      assert.deepEqual((await scanner.scan(directory, { only: [] }))._unsafeUnwrap().entries, []);
    });

    test('an empty workspace has a hash and no entries', async (workspace) => {
      await workspace.write('a', 'x');
      await workspace.remove('a');
      const snapshot = await scanned(workspace);
      assert.deepEqual([snapshot.entries, snapshot.totalBytes], [[], 0]);
      assert.match(snapshot.contentHash, /^[0-9a-f]{64}$/);
    });

    test('says that a directory is not there', async ({ scanner, directory }) => {
      const result = await scanner.scan(`${directory}/missing`);
      assert.equal(result._unsafeUnwrapErr().kind, 'not_found');
    });

    test('does not start with a signal that has fired', async ({ scanner, directory }) => {
      const result = await scanner.scan(directory, { signal: AbortSignal.abort() });
      assert.equal(result._unsafeUnwrapErr().kind, 'aborted');
    });
  });
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function scanned({ scanner, directory }: ScannedWorkspace): Promise<WorkspaceSnapshot> {
  const result = await scanner.scan(directory);
  if (result.isErr()) assert.fail(`${result.error.kind}: ${result.error.message}`);
  return result.value;
}
