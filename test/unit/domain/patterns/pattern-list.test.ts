import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pattern, whyNoPattern } from '../../../../src/domain/patterns/pattern.js';
import { MatchTally, PatternList } from '../../../../src/domain/patterns/pattern-list.js';
import { patternCases } from '../../../support/pattern-cases.js';

describe('patterns', () => {
  for (const { patterns, matches, others } of patternCases) {
    it(`${patterns.join('  ')} match what the table says`, () => {
      const list = new PatternList(patterns);
      const matched = [...matches, ...others].filter((path) => list.matches(path));
      expect(matched).toEqual(matches);
      expect(new PatternList(patterns.toReversed()).matches(matches[0] ?? '')).toBe(true);
    });
  }

  it('that only take away begin with everything', () => {
    const list = new PatternList(['!docs']);
    expect(['a/b', 'docs', 'docs/x'].filter((path) => list.matches(path))).toEqual(['a/b']);
    expect(new PatternList([]).matches('a')).toBe(false);
  });

  it('are refused when they are too much, or a "!(…)" stands in another', () => {
    expect(whyNoPattern('{a,b}{a,b}{a,b}/{1..20}')).toBeNull();
    expect(whyNoPattern('{a,b}'.repeat(100))).toContain('too many');
    expect(whyNoPattern('{1..100000}')).toContain('too many');
    expect(whyNoPattern('a!(b|!(c))')).toContain('inside of another');
    expect(whyNoPattern('!(a)/!(b)')).toBeNull();
  });

  it('say below which directories there is something to look for', () => {
    expect(new Pattern('a/b').roots).toEqual(['a/b']);
    expect(new Pattern('a/{b,c/d}/*.x').roots).toEqual(['a/b', 'a/c/d']);
    expect(new Pattern('a/\\[b\\]/(c)/?').roots).toEqual(['a/[b]/(c)']);
    expect(new Pattern('**/a').roots).toEqual(['']);
    expect(new Pattern('!(a)/b').roots).toEqual(['']);
  });

  it('say where all below a directory is matched, so that nobody has to look there', () => {
    const below = (patterns: readonly string[], directory: string) =>
      new PatternList(patterns).matchesAllBelow(directory);
    for (const patterns of [
      ['a'],
      ['a/'],
      ['a/**'],
      ['**/b/'],
      ['**'],
      ['a', '!c'],
      ['!c'],
      ['x', '{y,a/b}'],
    ])
      expect([patterns, below(patterns, 'a/b')]).toEqual([patterns, true]);
    for (const patterns of [
      ['a/b/c'],
      ['a/*'],
      ['a/b/*'],
      ['b'],
      ['a', '!a/b/c'],
      ['a', '!**/c'],
      ['a', '!a'],
      [],
    ])
      expect([patterns, below(patterns, 'a/b')]).toEqual([patterns, false]);
  });

  it('say which of them nothing matched, what is taken away again counting as nothing', () => {
    const tally = new MatchTally(new PatternList(['src', 'out/**', 'lib/*', '!out/*.o', '!nowhere']));
    expect(['src/a', 'out/b.o', 'x'].filter((path) => tally.matches(path))).toEqual(['src/a']);
    expect(tally.unmatched).toEqual(['out/**', 'lib/*']);
  });
});

describe('names of the hostile', () => {
  const hostile: readonly (readonly [string, string])[] = [
    ['*a*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(255)],
    ['+(a|aa|aaa|+(a|aa))b', 'a'.repeat(255)],
    ['*(*(*(*(a))))b', 'a'.repeat(255)],
    ['!(*a*b)*!(*b*a)*!(*a)', 'ab'.repeat(127)],
    ['**/a/**/a/**/a/**/a/**/b', 'a/'.repeat(2000)],
    ['@(?|??|???|????)*@(?|??|???|????)x', 'é'.repeat(127)],
  ];
  for (const [pattern, name] of hostile) {
    it(`cost no more than their length: ${pattern}`, () => {
      const matching = new Pattern(pattern);
      const started = process.cpuUsage().user;
      for (let round = 0; round < 10; round++) matching.matches(`${name}${round}`);
      expect(process.cpuUsage().user - started).toBeLessThan(5_000_000);
    });
  }

  it('of more characters than a name can have match nothing', () => {
    expect(new Pattern('**').matches(`a/${'b'.repeat(1025)}`)).toBe(false);
    expect(new Pattern('**').matches('a/'.repeat(10_000).slice(0, -1))).toBe(true);
  });

  it('that never come again do not fill the memory', () => {
    const pattern = new Pattern('*a???????????b');
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i++) pattern.matches(`${i.toString(2).replaceAll('0', 'a')}b`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('one name', () => {
  const piece = fc.constantFrom(
    ...['a', 'b', '.', '-', 'é', '*', '?', '[ab]', '[!a]', '[^b-]', '[a-c]', '[[:digit:].]', '\\*', '(', ')'],
    ...['@(a|b)', '!(a)', '!(a|*b)', '+(ab|?)', '*(a)', '?(b)', '@(a*(b)|c)', '{', '+', '|', '[', '!'],
  );
  const name = fc.array(fc.constantFrom('a', 'b', 'c', '.', '-', 'é', '*', '(', ')', '+'), {
    minLength: 1,
    maxLength: 8,
  });
  const pair = fc.tuple(fc.array(piece, { minLength: 1, maxLength: 5 }), name);

  it('is matched as bash matches it, with extglob', () => {
    const pairs = fc
      .sample(pair, { numRuns: 6000, seed: 14 })
      .map(([pattern, parts]) => [pattern.join(''), parts.join('')] as const)
      // Left out: what is not a name, groups that do not end, which bash reads in a way of its own, and `*!(`, of which it tries no empty part.
      .filter(([pattern, path]) => !/^\*\*+$/.test(pattern) && !/^\.+$/.test(path) && pattern !== '.')
      .filter(([pattern]) => !/[?*+@!]\((?![^()]*(?:\([^()]*\))?[^()]*\))|\*!\(/.test(pattern));
    const script = `shopt -s extglob globasciiranges
      while [ "$#" -gt 0 ]; do [[ $2 == $1 ]] && echo 1 || echo 0; shift 2; done`;
    const answers = execFileSync('bash', ['-c', script, 'bash', ...pairs.flat()], {
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
      encoding: 'utf8',
    });
    const wrong = answers
      .trim()
      .split('\n')
      .flatMap((answer, index) => {
        const [pattern = '', path = ''] = pairs[index] ?? [];
        const matched = new Pattern(pattern).matches(path);
        return matched === (answer === '1') ? [] : [`${pattern} ${path}: ${matched}, bash ${answer}`];
      });
    expect(wrong).toEqual([]);
  });
});
