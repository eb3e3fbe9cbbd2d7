import { chmodSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { treeDigest } from '../../../../src/application/prepare/tree-digest.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const call = { id: 'tool', timeoutSecs: 60, signal: new AbortController().signal };

it('the digest of a directory changes with what it holds, and not with times', async () => {
  await using directory = await temporaryDirectory();
  await using shell = new LocalShell();
  const disk = diskWorkspace(directory.path);
  const at = (path: string) => join(directory.path, path);
  await disk.write('bin/tool', 'v1');
  await disk.write('-n', '');
  await disk.link('link', 'bin');
  const digest = async () => must(await treeDigest(shell, directory.path, call));
  const seen = [await digest()];
  expect(seen[0]).toMatch(/^[0-9a-f]{64}$/);
  utimesSync(at('bin/tool'), 1, 1);
  expect(await digest()).toBe(seen[0]);
  for (const change of [
    () => disk.write('bin/tool', 'v2'),
    () => chmodSync(at('bin/tool'), 0o755),
    () => disk.link('link', 'elsewhere'),
    () => rmSync(at('-n')),
    () => disk.write('new', ''),
    () => symlinkSync('x', at('other')),
  ]) {
    await change();
    seen.push(await digest());
  }
  expect(new Set(seen).size).toBe(seen.length);
});

it('a directory that is not there has none', async () => {
  await using shell = new LocalShell();
  mustFail(await treeDigest(shell, '/nowhere/at/all', call), 'prepare_failed');
});
