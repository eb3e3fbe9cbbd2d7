import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveBytes } from '../../../../src/application/snapshot/archive-bytes.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

it.each([
  ['many small files', 500, 40, 'a/b'],
  ['long paths', 500, 300, 'x'.repeat(120)],
  ['a few large ones', 3, 2_000_000, 'a'],
  ['nothing', 0, 0, 'a'],
])(
  'the archive of %s is reckoned to within a tenth of what tar makes',
  async (_title, number, bytes, folder) => {
    await using root = await temporaryDirectory();
    const entries = Array.from({ length: number }, (_, i) => `${folder}/file-${i}`);
    for (const [i, entry] of entries.entries()) {
      mkdirSync(dirname(join(root.path, entry)), { recursive: true });
      writeFileSync(join(root.path, entry), Buffer.alloc(bytes + (i % 512)));
    }
    const totalBytes = entries.reduce((sum, _, i) => sum + bytes + (i % 512), 0);
    const list = entries.map((entry) => `${entry}\0`).join('');
    const argv = ['-c', '-f', '-', '-C', root.path, '--null', '--no-recursion', '-T', '-'];
    const tar = execFileSync('tar', argv, { input: list, maxBuffer: 64 * 1024 * 1024 });
    const reckoned = archiveBytes({ entries, totalBytes });
    expect(Math.abs(reckoned - tar.length) / tar.length).toBeLessThan(0.1);
  },
);
