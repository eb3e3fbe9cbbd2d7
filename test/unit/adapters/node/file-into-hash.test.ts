import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileIntoHash } from '../../../../src/adapters/node/file-into-hash.js';
import { hashTree } from '../../../../src/adapters/node/tree-hash.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LARGE = 3 * 1024 * 1024;

/** Between two pieces the reader asks whether it is cancelled: the moment to change the file under it. */
function read(root: string, path: string, between: () => void) {
  const hash = createHash('sha256');
  const input = { hash, root, path, maxBytes: Number.POSITIVE_INFINITY };
  const outcome = fileIntoHash({
    ...input,
    cancelled: () => {
      between();
      return false;
    },
  });
  return { outcome: outcome.kind, untouched: hash.digest('hex') === createHash('sha256').digest('hex') };
}

describe('a file that changes while it is read', () => {
  for (const [what, change] of [
    ['grows', (path: string) => appendFileSync(path, 'x')],
    ['shrinks', (path: string) => truncateSync(path, LARGE - 1)],
    ['is made executable', (path: string) => chmodSync(path, 0o755)],
  ] as const) {
    it(`is noticed when it ${what}, and leaves the hash as it was`, async () => {
      await using directory = await temporaryDirectory();
      await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
      const path = join(directory.path, 'a');
      expect(read(directory.path, 'a', () => change(path))).toEqual({ outcome: 'changed', untouched: true });
    });
  }

  it('once is read again, and named by what it holds then', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
    const request = { root: directory.path, paths: ['a'], exclude: [] };
    let asked = 0;
    const answer = hashTree(request, {
      budget: null,
      // The first question comes before the file, the second after its first piece.
      cancelled: () => {
        asked += 1;
        if (asked === 2) appendFileSync(join(directory.path, 'a'), 'x');
        return false;
      },
    });
    expect(answer).toMatchObject({ kind: 'hashed', totalBytes: LARGE + 1 });
    expect(answer).toEqual(hashTree(request, { budget: null, cancelled: () => false }));
  });

  it('twice in a row makes the scan fail with the name of the file', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
    const answer = hashTree(
      { root: directory.path, paths: null, exclude: [] },
      {
        budget: null,
        cancelled: () => {
          appendFileSync(join(directory.path, 'a'), 'x');
          return false;
        },
      },
    );
    expect(answer).toMatchObject({ kind: 'fault', fault: { kind: 'changed_while_reading', path: 'a' } });
  });
});
