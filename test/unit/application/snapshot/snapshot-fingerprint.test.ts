import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { snapshotFingerprint } from '../../../../src/application/snapshot/snapshot-fingerprint.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const AT = new Date('2026-01-01T00:00:00Z');

it('the fingerprint of a tree is another one after any change, also one that hides its time', async () => {
  await using directory = await temporaryDirectory();
  await using shell = new LocalShell();
  const tree = join(directory.path, 'tree');
  const fingerprint = () => snapshotFingerprint(shell, tree, new AbortController().signal);
  expect(await fingerprint()).toBe(null);
  await mkdir(join(tree, 'folder'), { recursive: true });
  await writeFile(join(tree, 'file\nof two lines'), 'aaa');
  await symlink('folder', join(tree, 'link'));
  const seen = [await fingerprint(), await fingerprint()];
  expect(seen[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(seen.pop()).toBe(seen[0]);
  const changes = [
    () => writeFile(join(tree, 'file\nof two lines'), 'bbb'),
    () => utimes(join(tree, 'file\nof two lines'), AT, AT),
    () => chmod(join(tree, 'folder'), 0o700),
    () => writeFile(join(tree, 'folder/new'), ''),
  ];
  for (const change of changes) {
    await change();
    seen.push(await fingerprint());
  }
  expect(new Set(seen).size).toBe(changes.length + 1);
});
