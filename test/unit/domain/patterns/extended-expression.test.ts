import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendedExpression } from '../../../../src/domain/patterns/extended-expression.js';
import { Pattern } from '../../../../src/domain/patterns/pattern.js';
import { nameBytes, nameText } from '../../../../src/streams/name-bytes.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory[Symbol.asyncDispose]());

/** What grep chooses as the guest of a microVM calls it. */
function grep(expression: string, paths: readonly string[]): readonly string[] {
  const file = join(directory.path, 'expressions');
  writeFileSync(file, Buffer.from(`${expression}\n`, 'latin1'));
  const run = spawnSync('grep', ['-zE', '-f', file], {
    input: nameBytes(paths.map((path) => `${path}\0`).join('')),
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  expect(run.stderr.toString()).toBe('');
  return nameText(run.stdout).split('\0').slice(0, -1);
}

const part = fc.constantFrom(
  ...[
    'a',
    'b',
    'src',
    '*',
    '**',
    '*.txt',
    '?',
    'x.y',
    '[ab]',
    '[!a]',
    '{a,b}',
    '!(a)',
    '@(a|b)',
    '+(a|ü)',
    'a+b',
  ],
  ...['.hid', 'a$', '(x)', '[à-ü]?', '[^a-b😀]', '*(?)', '[]^-]', '[[:punct:]]*', '\\*', '!(a*)b', '?(a)b'],
);
const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const name = fc.constantFrom(
  ...[
    'a',
    'b',
    'src',
    'c.txt',
    'x.y',
    'xzy',
    'a+b',
    '.hid',
    'a$',
    '(x)',
    'a b',
    'ü',
    'üa',
    '😀',
    'ÿ',
    ']',
    '^',
    '-',
    '*',
  ],
  ...['a\nb', 'ab', 'aab'],
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('a pattern as an extended expression', () => {
  it('chooses what the pattern does, and errs on one side where it holds a "!(…)", or asks for any of many characters', () => {
    const paths = [...new Set(fc.sample(path, { numRuns: 400, seed: 12 }))];
    for (const text of fc.sample(pattern, { numRuns: 120, seed: 14 })) {
      const made = new Pattern(text);
      const exact = paths.filter((candidate) => made.matches(candidate));
      const more = chosen(made, 'more', paths);
      const less = chosen(made, 'less', paths);
      if (text.includes('!(')) {
        expect([text, exact.filter((one) => !more.includes(one))]).toEqual([text, []]);
        expect([text, less.filter((one) => !exact.includes(one))]).toEqual([text, []]);
      } else if (/\?|\[[!^]/.test(text)) {
        expect([text, exact.filter((one) => !more.includes(one))]).toEqual([text, []]);
        expect([text, less]).toEqual([text, exact]);
      } else {
        expect([text, more]).toEqual([text, exact]);
        expect([text, less]).toEqual([text, exact]);
      }
    }
  });

  it('misses no name that is not UTF-8', () => {
    const names = ['caf\udce9.txt', '\udcff', 'ü\udc80/x'];
    for (const text of [
      '*',
      '**',
      'caf?.txt',
      '*.txt',
      '?',
      '[!a]',
      '[^x]',
      '?(a)?',
      '*/?',
      'caf[!a-z].*',
      '!(y)/x',
    ]) {
      const made = new Pattern(text);
      const missed = names.filter((one) => made.matches(one) && !chosen(made, 'more', names).includes(one));
      expect([text, missed]).toEqual([text, []]);
    }
  });

  it('has a set of characters as their bytes', () => {
    const all = [
      ...new Set(
        fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), { numRuns: 3000, seed: 3 }),
      ),
    ].filter((char) => !/[\0/]|\p{Surrogate}/u.test(char));
    for (const set of [
      '[ -~]',
      '[!ß-😀]',
      '[\u{80}-\u{7ff}]',
      '[\u{800}-\u{10ffff}]',
      '[a-\u{fffe}]',
      '?',
      '[^-\\]]',
    ]) {
      const made = new Pattern(set);
      expect([set, chosen(made, 'more', all)]).toEqual([set, all.filter((char) => made.matches(char))]);
    }
  });
});

function chosen(made: Pattern, side: 'more' | 'less', paths: readonly string[]): readonly string[] {
  const expression = extendedExpression(made.glob, side);
  return expression === null ? [] : grep(`^${expression}$`, paths);
}
