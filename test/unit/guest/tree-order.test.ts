import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestShells } from '../../support/guest-shell.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Of a chain of processes, each the parent of the next. */
const CHAIN = [900, 31, 700, 5, 44, 1200, 12];

describe.each(guestShells())('the processes of a job, with $name', (shell) => {
  it('are signalled from the parents to the children, so that no shell takes the end of its child for a failure', async () => {
    await using place = await temporaryDirectory();
    const files = CHAIN.map((pid, at) => {
      mkdirSync(join(place.path, 'proc', String(pid)), { recursive: true });
      const parent = at === 0 ? 1 : CHAIN[at - 1];
      writeFileSync(join(place.path, 'proc', String(pid), 'stat'), `${pid} (sh) S ${parent} 1 1 0\n`);
      return `./proc/${pid}/stat`;
    });
    const awk = (args: readonly string[]) =>
      execFileSync('awk', ['-f', join(repositoryRoot, 'guest/supervisor/23-tree.awk'), ...args], {
        cwd: place.path,
        env: { PATH: `${shell.path}:/usr/bin:/bin` },
      }).toString();
    expect(
      awk([String(CHAIN[0]), '', ...files.sort()])
        .trim()
        .split(' ')
        .map(Number),
    ).toEqual(CHAIN);
  });
});
