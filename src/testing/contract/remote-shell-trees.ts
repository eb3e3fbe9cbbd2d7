import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import type { RemoteShellCapabilities, RemoteShellFixture } from './remote-shell-fixture.js';
import { ran } from './run-command.js';
import { withFixture } from './with-fixture.js';

/** Names that a list of files has to be careful with. */
const ODD = [
  '-rf',
  '--',
  ' lead',
  "it's",
  'new\nline',
  'ünïcödé 😀',
  '*',
  '@list',
  '$(id)',
  '.hidden',
  'back\\slash',
];

async function makeTree(root: string, count: number): Promise<readonly string[]> {
  const names = Array.from(
    { length: count },
    (_, index) => `d${index % 20}/${ODD[index % ODD.length]}.${index}`,
  );
  for (const directory of new Set(names.map((name) => dirname(name)))) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await Promise.all(names.map((name, index) => writeFile(join(root, name), `content ${index}`)));
  await symlink('d0', join(root, 'link'));
  await symlink('/nowhere at all', join(root, 'dangling'));
  return [...names, 'link', 'dangling'];
}

/** Each path with its content or its target. */
async function contents(root: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(join(root, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const stats = await lstat(join(root, path));
    if (stats.isDirectory()) Object.assign(found, await contents(root, path));
    else
      found[path] = stats.isSymbolicLink()
        ? `-> ${await readlink(join(root, path))}`
        : await readFile(join(root, path), 'utf8');
  }
  return found;
}

/** Sending trees and bringing them back. */
export function shellTreeContract(
  runner: SuiteRunner,
  make: () => Promise<RemoteShellFixture>,
  capabilities: RemoteShellCapabilities,
): void {
  const it = withFixture(runner, make);

  it('2,000 files with odd names and links go there and come back', async ({ shell, local, remote }) => {
    await makeTree(join(local, 'from'), 2_000);
    const seen: number[] = [];
    const sent = must(
      await shell.uploadTree({
        source: join(local, 'from'),
        destination: `${remote}/there`,
        onProgress: (bytes) => seen.push(bytes),
      }),
    );
    assert.ok(sent.bytes > 0);
    assert.equal(seen.at(-1), sent.bytes);
    must(await shell.downloadTree({ source: `${remote}/there`, destination: join(local, 'back') }));
    assert.deepEqual(await contents(join(local, 'back')), await contents(join(local, 'from')));
  });

  it('only the entries that were named are sent', async ({ shell, local, remote }) => {
    const names = await makeTree(join(local, 'from'), 40);
    const entries = names.filter((_, index) => index % 3 === 0);
    must(await shell.uploadTree({ source: join(local, 'from'), entries, destination: `${remote}/some` }));
    must(await shell.uploadTree({ source: join(local, 'from'), entries: [], destination: `${remote}/none` }));
    must(await shell.downloadTree({ source: `${remote}/some`, destination: join(local, 'some') }));
    must(await shell.downloadTree({ source: `${remote}/none`, destination: join(local, 'none') }));
    assert.deepEqual(Object.keys(await contents(join(local, 'some'))).sort(), [...entries].sort());
    assert.deepEqual(await contents(join(local, 'none')), {});
  });

  it('an entry outside the tree is refused', async ({ shell, local, remote }) => {
    for (const entry of ['../x', '/etc/passwd', 'a/../../x', '', 'a\0b']) {
      const fault = await shell.uploadTree({ source: local, entries: [entry], destination: `${remote}/x` });
      mustFail(fault, 'invalid_command');
    }
  });

  it('what only its owner may read can be read by everybody there, when that is asked for', async ({
    shell,
    local,
    remote,
  }) => {
    await mkdir(join(local, 'd'), { mode: 0o700 });
    await writeFile(join(local, 'd/f'), 'x', { mode: 0o600 });
    await writeFile(join(local, 'd/x'), 'x', { mode: 0o700 });
    await writeFile(join(local, 'd/suid'), 'x');
    await chmod(join(local, 'd/suid'), 0o6755);
    const tree = {
      source: local,
      entries: ['d/f', 'd/x', 'd/suid'],
      destination: `${remote}/tree`,
      readableByAll: true,
    };
    must(await shell.uploadTree(tree));
    if (!capabilities.processes) return;
    const paths = ['', '/d', '/d/f', '/d/x', '/d/suid'].map((path) => `${tree.destination}${path}`);
    const { stdout } = await ran(shell, { argv: ['stat', '-c', '%A', ...paths] });
    for (const [index, mode] of stdout.trim().split('\n').entries())
      assert.match(mode, index === 2 ? /^-rw-r--r--$/ : /^.rwxr-xr-x$/);
  });

  it('a tree that is not there fails and leaves no destination', async ({ shell, local, remote }) => {
    const destination = join(local, 'back');
    mustFail(await shell.downloadTree({ source: `${remote}/missing`, destination }), 'transfer_failed');
    mustFail(
      await shell.uploadTree({ source: `${local}/missing`, destination: `${remote}/up` }),
      'transfer_failed',
    );
    assert.deepEqual(await readdir(local), []);
    mustFail(await shell.downloadTree({ source: `${remote}/up`, destination }), 'transfer_failed');
  });

  it('a failure in a directory that was there leaves what was in it', async ({ shell, local, remote }) => {
    await mkdir(join(local, 'mine'));
    await writeFile(join(local, 'mine/precious'), 'x');
    const back = await shell.downloadTree({ source: `${remote}/missing`, destination: join(local, 'mine') });
    mustFail(back, 'transfer_failed');
    assert.deepEqual(await readdir(join(local, 'mine')), ['precious']);
  });

  it('a missing entry fails the whole transfer', async ({ shell, local, remote }) => {
    await makeTree(join(local, 'from'), 40);
    const upload = {
      source: join(local, 'from'),
      entries: ['link', 'not there'],
      destination: `${remote}/up`,
    };
    mustFail(await shell.uploadTree(upload), 'transfer_failed');
  });

  it('a cancelled transfer says so and leaves no destination', async ({ shell, local, remote }) => {
    await makeTree(join(local, 'from'), 200);
    const cancel = new AbortController();
    const destination = `${remote}/up`;
    const sending = shell.uploadTree(
      { source: join(local, 'from'), destination, onProgress: () => cancel.abort() },
      { signal: cancel.signal },
    );
    mustFail(await sending, 'aborted');
    mustFail(
      await shell.downloadTree({ source: destination, destination: join(local, 'b') }),
      'transfer_failed',
    );
  });

  it('what is below .git is read from another directory, where there is one', async ({
    shell,
    local,
    remote,
  }) => {
    const files = { 'from/a': 'one', 'from/.git/HEAD': 'not this one', 'history/HEAD': 'two' };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(local, path)), { recursive: true });
      await writeFile(join(local, path), content);
    }
    const tree = {
      source: join(local, 'from'),
      gitDirectory: join(local, 'history'),
      entries: ['.git/HEAD', 'a'],
      contents: ['two', 'one'].map((content) => ({
        kind: 'f' as const,
        bytes: content.length,
        mtimeNs: '1000000000',
        sha256: createHash('sha256').update(content).digest('hex'),
      })),
      destination: `${remote}/tree`,
    };
    must(await shell.uploadTree(tree));
    must(await shell.downloadTree({ source: tree.destination, destination: join(local, 'back') }));
    assert.equal(await readFile(join(local, 'back/.git/HEAD'), 'utf8'), 'two');
    assert.equal(await readFile(join(local, 'back/a'), 'utf8'), 'one');
  });

  if (!capabilities.processes) return;
  for (const listed of [false, true])
    it(`sent ${listed ? 'entries' : 'files'} and their directories belong to the owner that was asked for, where the user may do that`, async ({
      shell,
      local,
      remote,
    }) => {
      const names = await makeTree(join(local, 'from'), 3);
      const owner = { uid: 12_345, gid: 23_456 };
      const entries = listed ? { entries: names } : {};
      const there = `${remote}/there`;
      must(await shell.uploadTree({ source: join(local, 'from'), destination: there, owner, ...entries }));
      const paths = ['', '/d0', '/link', `/${names[0]}`].map((path) => `${there}${path}`);
      const { stdout } = await ran(shell, { argv: ['stat', '-c', '%u:%g', ...paths] });
      const uid = (await ran(shell, { argv: ['id', '-u'] })).stdout.trim();
      for (const said of stdout.trim().split('\n'))
        if (uid === '0') assert.equal(said, '12345:23456');
        else assert.equal(said.split(':')[0], uid);
    });

  it('hard links among entries whose content is known become files of their own', async ({
    shell,
    local,
    remote,
  }) => {
    await writeFile(join(local, 'one'), 'x');
    await link(join(local, 'one'), join(local, 'two'));
    const content = {
      kind: 'f',
      bytes: 1,
      mtimeNs: '0',
      sha256: createHash('sha256').update('x').digest('hex'),
    } as const;
    const entries = ['one', 'two'];
    const tree = { source: local, entries, contents: [content, content], destination: `${remote}/tree` };
    must(await shell.uploadTree(tree));
    const paths = entries.map((path) => `${tree.destination}/${path}`);
    const { stdout } = await ran(shell, { argv: ['stat', '-c', '%h', ...paths] });
    assert.equal(stdout, '1\n1\n');
  });

  it('hard links among the entries stay together', async ({ shell, local, remote }) => {
    await mkdir(join(local, 'd'));
    await writeFile(join(local, 'd/one'), 'x');
    await link(join(local, 'd/one'), join(local, 'two'));
    const tree = { source: local, entries: ['d/one', 'two'], destination: `${remote}/tree` };
    must(await shell.uploadTree(tree));
    const paths = ['d/one', 'two'].map((path) => `${tree.destination}/${path}`);
    const { stdout } = await ran(shell, { argv: ['stat', '-c', '%h %i', ...paths] });
    const [first, second] = stdout.trim().split('\n');
    assert.equal(first, second);
    assert.match(first ?? '', /^2 /);
  });
}
