import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/repository-root.js';

const MOST_OF_A_FILE = 300;
const MOST_OF_A_CLASS = 200;

const sources = (await readdir(join(repositoryRoot, 'src'), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

async function linesOf(path: string): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n');
}

/** Classes of a formatted file: from their first line to the brace in the first column. */
function classesIn(lines: readonly string[]): readonly { readonly name: string; readonly length: number }[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^(?:export )?(?:abstract )?class (\w+)/.exec(line) ?? [];
    if (name === undefined) return [];
    return [{ name, length: lines.indexOf('}', index) - index + 1 }];
  });
}

describe('what has to be read at once', () => {
  it(`is a file of at most ${MOST_OF_A_FILE} lines, and a class of at most ${MOST_OF_A_CLASS}`, async () => {
    expect(sources.length).toBeGreaterThan(400);
    const large: string[] = [];
    for (const path of sources) {
      const lines = await linesOf(path);
      const at = relative(repositoryRoot, path);
      if (lines.length > MOST_OF_A_FILE) large.push(`${at}: ${lines.length}`);
      for (const { name, length } of classesIn(lines))
        if (length > MOST_OF_A_CLASS) large.push(`${at}, ${name}: ${length}`);
    }
    expect(large).toEqual([]);
  });

  it('is measured: a class of three lines has three', () => {
    expect(classesIn(['export class A {', '  b = 1;', '}', 'class B {', '}'])).toEqual([
      { name: 'A', length: 3 },
      { name: 'B', length: 2 },
    ]);
  });
});
