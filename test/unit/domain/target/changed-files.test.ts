import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChangedFiles } from '../../../../src/domain/target/changed-files.js';
import { git, temporaryRepository } from '../../../support/git-repository.js';

const parsed = (text: string) => parseChangedFiles(Buffer.from(text, 'latin1'));

describe('a list of changed files', () => {
  it('has a path a line, whatever ends the lines', () => {
    expect(parsed('src/a\r\n docs/b \n\nc')).toEqual(['src/a', ' docs/b ', 'c']);
    expect(parsed('')).toEqual([]);
  });

  it('may have NULs between its paths, which are then taken as they are', () => {
    expect(parsed('a\nb\0"c"\0')).toEqual(['a\nb', '"c"']);
  });

  it('is rid of the quotes that git puts around odd names', () => {
    expect(parsed('"src/caf\\303\\251.rs"')).toEqual(['src/café.rs']);
    expect(parsed('"a\\tb\\"c\\\\d\\n\\001"')).toEqual(['a\tb"c\\d\n\x01']);
    expect(parsed('"bad\\377.c"')).toEqual(['bad\ufffd.c']);
    expect(parsed('"not closed\n"odd\\q"\nplain "x"')).toEqual(['"not closed', '"odd\\q"', 'plain "x"']);
  });

  it('is what git prints, quoted or not', async () => {
    await using repository = await temporaryRepository();
    const names = [
      'plain',
      'café',
      'a b',
      'q"uote',
      'back\\slash',
      'tab\tnew\nline',
      '😀',
      '"whole"',
      'bell\x07',
    ];
    for (const name of names) await writeFile(join(repository.path, name), '');
    await git(repository.path, 'add', '-A');
    for (const flags of [[], ['-z']]) {
      const printed = execFileSync('git', ['diff', '--cached', '--name-only', ...flags], {
        cwd: repository.path,
      });
      expect(parseChangedFiles(printed).toSorted()).toEqual(names.toSorted());
    }
  });
});
