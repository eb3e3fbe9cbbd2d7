import {
  appendFileSync,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { diskWorkspace, setTime } from '../../../support/disk-workspace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

afterEach(() => vi.unstubAllEnvs());

const LONG = `${'d'.repeat(90)}/${'ü'.repeat(100)}`;

function replace(path: string, target: string) {
  rmSync(path);
  symlinkSync(target, path);
}

async function tree() {
  const directory = await temporaryDirectory();
  const root = join(directory.path, 'from');
  const workspace = diskWorkspace(root);
  await workspace.write('a.o', 'first');
  await workspace.write('b/run', '#!/bin/sh\n', { executable: true });
  await workspace.write('large', Buffer.alloc(700_001, 7));
  await workspace.write(LONG, 'long');
  linkSync(join(root, 'large'), join(root, 'same'));
  for (const name of ['e9', 'ff'.repeat(120)])
    linkSync(join(root, 'a.o'), Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'hex')]));
  symlinkSync('x'.repeat(150), join(root, 'link'));
  await setTime(join(root, 'a.o'), '1700000000123456789');
  await using scanner = new GitWorkspaceScanner();
  const snapshot = must(await scanner.scan(root));
  const shell = new LocalShell();
  const destination = join(directory.path, 'to');
  return {
    root,
    destination,
    at: (path: string) => join(destination, path),
    upload: () =>
      shell.uploadTree({
        source: root,
        entries: snapshot.entries,
        contents: snapshot.contents,
        destination,
        readableByAll: true,
      }),
    async scanAgain() {
      await using again = new GitWorkspaceScanner();
      return [snapshot, must(await again.scan(destination))] as const;
    },
    async [Symbol.asyncDispose]() {
      await shell[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('a tree that is sent as it was hashed', () => {
  it('arrives with the same hash: names, links, executable bits, content and times', async () => {
    await using sent = await tree();
    must(await sent.upload());
    const [before, after] = await sent.scanAgain();
    expect({ ...after, root: before.root }).toEqual(before);
    expect(lstatSync(sent.at('a.o'), { bigint: true }).mtimeNs).toBe(1700000000123456789n);
    // Of what two names have in common their contents say nothing.
    expect(statSync(sent.at('same')).nlink).toBe(1);
  });

  it('does so whatever the environment tells tar', async () => {
    vi.stubEnv('TAR_OPTIONS', '--exclude=*.o --transform=s/large/small/');
    await using sent = await tree();
    must(await sent.upload());
    const [before, after] = await sent.scanAgain();
    expect(after.contentHash).toBe(before.contentHash);
  });

  it('arrives as it was read where a file has only grown since', async () => {
    await using sent = await tree();
    appendFileSync(join(sent.root, 'a.o'), 'more');
    must(await sent.upload());
    const [before, after] = await sent.scanAgain();
    expect(after.contentHash).toBe(before.contentHash);
  });

  it.each([
    ['has other content of the same length', 'a.o', (path: string) => writeFileSync(path, 'other')],
    ['has become shorter', 'large', (path: string) => writeFileSync(path, 'x')],
    ['is gone', LONG, (path: string) => rmSync(path)],
    ['is another kind of file', 'b/run', (path: string) => replace(path, 'x')],
    ['is a link to elsewhere', 'link', (path: string) => replace(path, 'y')],
    [
      'has a directory moved away above it',
      'b/run',
      (path: string) => renameSync(dirname(path), `${dirname(path)}-away`),
    ],
  ])('is refused, and taken away, when an entry %s', async (_how, path, change) => {
    await using sent = await tree();
    change(join(sent.root, path));
    const fault = (await sent.upload())._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'source_changed', path });
    expect('message' in fault && fault.message).toContain(path);
    expect(() => lstatSync(sent.destination)).toThrow('ENOENT');
  });
});
