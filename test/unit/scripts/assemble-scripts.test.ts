import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble, assembleScripts } from '../../../scripts/assemble-scripts.mjs';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const PART = '# shellcheck shell=sh\n';

function write(root: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

describe('a script made of parts', () => {
  it('is its parts in the order of their names, and an awk program is a variable of the shell', async () => {
    await using root = await temporaryDirectory();
    write(root.path, {
      '30-end.sh': `${PART}echo "$say_it_awk" | awk "$say_it_awk"\n`,
      '10-head.sh': '#!/bin/sh\nset -u\n',
      '20-say-it.awk': '{ print "it is \\047" $0 }\n',
    });
    expect(assemble(root.path)).toBe(
      `#!/bin/sh\nset -u\n\nsay_it_awk='\n{ print "it is \\047" $0 }\n'\n\necho "$say_it_awk" | awk "$say_it_awk"\n`,
    );
  });

  it.each([
    [{ '10-head.sh': 'x\n', 'README.md': 'x\n' }, 'README.md: a part is called NN-name.sh or NN-name.awk'],
    [{ '10-head.sh': 'x' }, '10-head.sh: the last line has no end'],
    [{ '10-say.awk': "# it's\n" }, '10-say.awk: an awk program stands between single quotes: write \\047'],
    [
      { '10-head.sh': 'x\n', '20-b.sh': 'y\n' },
      '20-b.sh: the first line of a part is "# shellcheck shell=sh"',
    ],
  ])('is refused as %j', async (files, message) => {
    await using root = await temporaryDirectory();
    write(root.path, files);
    expect(() => assemble(root.path)).toThrow(message);
  });

  it('is written when its text or its mode is not what it should be, and left alone otherwise', async () => {
    await using root = await temporaryDirectory();
    for (const parts of ['guest/supervisor', 'microvm/host'])
      write(root.path, { [`${parts}/10-head.sh`]: '#!/bin/sh\necho one\n' });
    const script = join(root.path, 'guest/pikaci-incus-run');
    assembleScripts(root.path);
    const first = statSync(script);
    expect([readFileSync(script, 'utf8'), first.mode & 0o777]).toEqual(['#!/bin/sh\necho one\n', 0o755]);
    assembleScripts(root.path);
    expect(statSync(script)).toEqual({ ...first, atime: expect.anything(), atimeMs: expect.anything() });
    chmodSync(script, 0o600);
    assembleScripts(root.path);
    expect(statSync(script).mode & 0o777).toBe(0o755);
    write(root.path, { 'guest/supervisor/20-more.sh': `${PART}echo two\n` });
    assembleScripts(root.path);
    expect(execFileSync(script, { encoding: 'utf8' })).toBe('one\ntwo\n');
    expect(readdirSync(dirname(script)).sort()).toEqual(['pikaci-incus-run', 'supervisor']);
  });

  it('is what the repository ships', () => {
    expect(readFileSync(join(repositoryRoot, 'guest/pikaci-incus-run'), 'utf8')).toBe(
      assemble(join(repositoryRoot, 'guest/supervisor')),
    );
  });
});
