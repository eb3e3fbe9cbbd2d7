import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryContent } from '../../../../src/adapters/node/entry-content.js';
import { hashTree } from '../../../../src/adapters/node/tree-hash.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LARGE = 3 * 1024 * 1024;

/** Between two pieces the reader asks whether it is cancelled: the moment to change the file under it. */
function read(root: string, path: string, between: () => void) {
  return entryContent({
    root,
    path,
    maxBytes: Number.POSITIVE_INFINITY,
    cancelled: () => {
      between();
      return false;
    },
  });
}

describe('a file that changes while it is read', () => {
  for (const [what, change] of [
    ['shrinks', (path: string) => truncateSync(path, LARGE - 1)],
    ['is made executable', (path: string) => chmodSync(path, 0o755)],
    ['is written to', (path: string) => utimesSync(path, 1, 1)],
  ] as const) {
    it(`is noticed when it ${what}`, async () => {
      await using directory = await temporaryDirectory();
      await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
      const path = join(directory.path, 'a');
      expect(read(directory.path, 'a', () => change(path))).toEqual({ kind: 'changed' });
    });
  }

  it('by growing is taken as long as it was', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
    const path = join(directory.path, 'a');
    const sha256 = createHash('sha256').update(Buffer.alloc(LARGE)).digest('hex');
    const content = { kind: 'f', bytes: LARGE, sha256 };
    expect(read(directory.path, 'a', () => appendFileSync(path, 'x'))).toMatchObject({
      kind: 'read',
      content,
    });
  });

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
        if (asked === 2) truncateSync(join(directory.path, 'a'), LARGE - 1);
        return false;
      },
    });
    expect(answer).toMatchObject({ kind: 'hashed', totalBytes: LARGE - 1 });
    expect(answer).toEqual(hashTree(request, { budget: null, cancelled: () => false }));
  });

  it('twice in a row makes the scan fail with the name of the file', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', Buffer.alloc(LARGE));
    let time = 1;
    const answer = hashTree(
      { root: directory.path, paths: null, exclude: [] },
      {
        budget: null,
        cancelled: () => {
          utimesSync(join(directory.path, 'a'), 1, time++);
          return false;
        },
      },
    );
    expect(answer).toMatchObject({ kind: 'fault', fault: { kind: 'changed_while_reading', path: 'a' } });
  });
});
