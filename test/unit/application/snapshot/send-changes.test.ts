import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { NodeFileStore } from '../../../../src/adapters/node/node-file-store.js';
import { SystemClock } from '../../../../src/adapters/node/system-clock.js';
import { WorkDirectory } from '../../../../src/application/directories/work-directory.js';
import { StageSnapshot } from '../../../../src/application/snapshot/stage-snapshot.js';
import type { TreeUpload } from '../../../../src/ports/remote-shell.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { diskWorkspace, setTime } from '../../../support/disk-workspace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let shell: LocalShell;
let scanner: GitWorkspaceScanner;
/** What was sent since it was looked at last: paths, and of those the ones without their content. */
let sent: { path: string; bytes: number }[];
const signal = new AbortController().signal;

beforeEach(async () => {
  directory = await temporaryDirectory();
  shell = new LocalShell();
  scanner = new GitWorkspaceScanner();
  sent = [];
  const upload = shell.uploadTree.bind(shell);
  shell.uploadTree = (tree: TreeUpload, options) => {
    for (const [index, path] of (tree.entries ?? []).entries())
      sent.push({ path, bytes: tree.contents?.[index]?.bytes ?? -1 });
    return upload(tree, options);
  };
  const disk = workspace();
  await disk.write('big', 'x'.repeat(1_200_000));
  for (let index = 0; index < 40; index++) await disk.write(`src/${index % 4}/${index}.txt`, `of ${index}`);
  await disk.write('bin/run', '#!/bin/sh\n', { executable: true });
  await disk.link('link', 'src/0');
});

afterEach(async () => {
  // What was staged appeared whole, and nothing beside it was left.
  expect((await readdir(at('host/snapshots'))).filter((name) => name.startsWith('.staging'))).toEqual([]);
  await shell[Symbol.asyncDispose]();
  await scanner[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const at = (path: string) => join(directory.path, path);
const workspace = (name = 'tree') => diskWorkspace(at(name));

/** By a process of its own, which remembers nothing; gives the snapshot on the host. */
async function stage(tree = 'tree'): Promise<string> {
  sent.length = 0;
  await mkdir(at('host'), { recursive: true });
  const ports = { shell, hostFiles: new NodeFileStore(), clock: new SystemClock() };
  const adapters = { ...ports, localFiles: ports.hostFiles };
  const staging = new StageSnapshot(ports, new WorkDirectory(adapters as never, at('host')));
  const snapshot = must(await scanner.scan(at(tree)));
  must(await staging.stage(snapshot, { signal, onProgress: () => {} }));
  const home = at(`host/snapshots/${snapshot.contentHash}`);
  // What is there is what was there: read as a workspace it has the same name.
  expect(must(await scanner.scan(`${home}/snapshot`)).contentHash).toBe(snapshot.contentHash);
  return home;
}

const directoriesOf = (tree: string) =>
  execFileSync('find', ['.', '-type', 'd'], { cwd: tree }).toString().split('\n').sort();
const names = () => sent.map(({ path }) => path).sort();

describe('sending what has changed', () => {
  it('sends changed and new files, and links; the others get a second name', async () => {
    const first = await stage();
    expect(names()).toHaveLength(43);
    await workspace().write('src/0/0.txt', 'changed');
    await workspace().write('new/deep/file', 'new');
    await workspace().remove('src/3');
    const second = await stage();
    expect(second).not.toBe(first);
    expect(names()).toEqual(['link', 'new/deep/file', 'src/0/0.txt']);
    expect(readFileSync(`${first}/snapshot/src/0/0.txt`, 'utf8')).toBe('of 0');
    const inode = (home: string, path: string) => statSync(`${home}/snapshot/${path}`).ino;
    expect(inode(second, 'big')).toBe(inode(first, 'big'));
    expect(inode(second, 'src/0/0.txt')).not.toBe(inode(first, 'src/0/0.txt'));
    expect(directoriesOf(`${second}/snapshot`)).toEqual(directoriesOf(at('tree')));
  });

  it('makes what it hashed of files, directories and links that have taken the place of each other', async () => {
    const { write, link, remove } = workspace();
    const odd = [
      '-rf',
      '--',
      'a b',
      'new\nline',
      'ctl\x01',
      'q\'"',
      ' lead',
      '*',
      '$(id)',
      '\\0',
      'n'.repeat(255),
    ];
    for (const name of odd) await write(name, `of ${name}`);
    await write('file-later-directory', 'x');
    await write('directory-later-file/deep/er', 'x');
    await write('directory-later-link/file', 'x');
    await link('link-later-directory', 'src');
    await write('old', 'old', { mtimeNs: '-100500000000' });
    const first = await stage();
    for (const name of ['file-later-directory', 'link-later-directory', '*']) await remove(name);
    await write('file-later-directory/deep', 'x');
    await write('directory-later-file', 'x');
    await link('directory-later-link', 'src/0');
    await write('link-later-directory/0/0.txt', 'of 0');
    await write('*/$(id)/-x/-', 'x');
    await write('--', 'of --', { executable: true, mtimeNs: '-1000000001' });
    await remove('new\nline');
    const second = await stage();
    expect(names()).not.toContain('big');
    expect(directoriesOf(`${second}/snapshot`)).toEqual(directoriesOf(at('tree')));
    expect(readFileSync(`${first}/snapshot/src/0/0.txt`, 'utf8')).toBe('of 0');
  });

  it('takes names that are not UTF-8 by their bytes', async () => {
    const odd = (hex: string) => Buffer.concat([Buffer.from(`${at('tree/src')}/`), Buffer.from(hex, 'hex')]);
    for (const hex of ['e9', 'ea', 'eb']) writeFileSync(odd(hex), hex);
    await stage();
    writeFileSync(odd('e9'), 'changed');
    unlinkSync(odd('ea'));
    execFileSync('chmod', ['+x', at('tree/big')]);
    await stage();
    expect(names()).toEqual(['big', 'link', 'src/\udce9']);
    execFileSync('cp', ['-r', at('tree'), at('clone')]);
    await stage('clone');
    expect(sent.filter(({ bytes }) => bytes > 0).map(({ path }) => path)).toEqual(['link']);
  });

  it('does not send content again that has another time or executable bit', async () => {
    const first = await stage();
    for (let index = 0; index < 40; index++)
      await setTime(at(`tree/src/${index % 4}/${index}.txt`), `17000000000123456${10 + index}`);
    execFileSync('chmod', ['+x', at('tree/big')]);
    await stage();
    const withContent = sent.filter(({ bytes }) => bytes > 0).map(({ path }) => path);
    expect(withContent).toEqual(['link']);
    expect(statSync(`${first}/snapshot/big`).mode & 0o777).toBe(0o644);
    expect(statSync(`${first}/snapshot/big`).nlink).toBe(1);
  });

  it('finds what it needs though the workspace is another directory with new times', async () => {
    await stage();
    execFileSync('cp', ['-r', at('tree'), at('clone')]);
    await stage('clone');
    expect(sent.filter(({ bytes }) => bytes > 0).map(({ path }) => path)).toEqual(['link']);
  });

  it('does not send the whole again when two names of one file have become two files', async () => {
    linkSync(at('tree/big'), at('tree/same'));
    await stage();
    execFileSync('cp', ['-r', at('tree'), at('clone')]);
    await setTime(at('clone/big'), '1700000000012345678');
    await setTime(at('clone/same'), '1700000000012345679');
    const clone = await stage('clone');
    expect(sent.filter(({ bytes }) => bytes > 0).map(({ path }) => path)).toEqual(['link']);
    expect(statSync(`${clone}/snapshot/big`).nlink).toBe(1);
  });

  it('goes back to one of which others were made, without sending anything', async () => {
    const first = await stage();
    await workspace().write('src/0/0.txt', 'changed');
    await stage();
    await workspace().write('src/0/0.txt', 'of 0');
    const { contentHash } = must(await scanner.scan(at('tree')));
    expect(first).not.toContain(contentHash);
    await setTime(
      at('tree/src/0/0.txt'),
      String(statSync(`${first}/snapshot/src/0/0.txt`, { bigint: true }).mtimeNs),
    );
    expect(await stage()).toBe(first);
    expect(names()).toEqual([]);
  });

  it.each(['tree', 'clone'])('takes nothing from one that somebody has changed, for a %s', async (tree) => {
    const first = await stage();
    const big = `${first}/snapshot/big`;
    const time = String(statSync(big, { bigint: true }).mtimeNs);
    writeFileSync(big, 'y'.repeat(1_200_000));
    await setTime(big, time);
    if (tree === 'clone') execFileSync('cp', ['-r', at('tree'), at('clone')]);
    else await workspace().write('src/0/0.txt', 'changed');
    await stage(tree);
    expect(names()).toHaveLength(43);
  });

  it.each([
    ['its list', (home: string) => writeFileSync(`${home}/pikaci-snapshot.list.gz`, 'nonsense')],
    ['a file', (home: string) => rm(`${home}/snapshot/big`)],
    ['its tree', (home: string) => rm(`${home}/snapshot`, { recursive: true })],
  ])('sends the whole when the other one has lost %s', async (_, spoil) => {
    await spoil(await stage());
    await workspace().write('src/0/0.txt', 'changed');
    await stage();
    expect(names()).toHaveLength(43);
  });

  it('is done by two at once', async () => {
    await stage();
    await workspace().write('src/0/0.txt', 'changed');
    const [one, other] = await Promise.all([stage(), stage()]);
    expect(one).toBe(other);
  });

  it('sends the whole of what has little in common', async () => {
    await stage();
    await workspace('other').write('big', 'z'.repeat(1_200_000));
    await workspace('other').write('src/0/0.txt', 'of 0');
    await stage('other');
    expect(names()).toEqual(['big', 'src/0/0.txt']);
  });
});
