import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import { workspacePatterns } from '../../../../../src/application/machine/microvm/workspace-pattern.js';

const part = fc.constantFrom(
  'a',
  'b',
  'src',
  '*',
  '**',
  '*.txt',
  '?',
  'x.y',
  '[ab]',
  '{a,b}',
  '!(a)',
  'a+b',
  '.hid',
  'a$',
  '(x)',
);
const glob = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const name = fc.constantFrom('a', 'b', 'src', 'c.txt', 'x.y', 'xzy', 'a+b', '.hid', 'a$', '(x)', 'a b', 'ü');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('what a microVM sets aside of its workspace', () => {
  it('is at least what the globs ask for', () => {
    fc.assert(
      fc.property(glob, path, (pattern, candidate) => {
        if (pattern.startsWith('!')) return;
        if (!picomatch(pattern, { dot: true })(candidate)) return;
        const [expression = ''] = workspacePatterns([pattern]);
        expect(`./${candidate}`).toMatch(new RegExp(expression));
      }),
      { numRuns: 2000 },
    );
  });

  it('is not much more where the globs are plain', () => {
    const [expression = ''] = workspacePatterns(['./coverage/**/*.json']);
    const matches = (candidate: string) => new RegExp(expression).test(candidate);
    expect(matches('./coverage/a/b.json')).toBe(true);
    expect(matches('./coverage/b.json')).toBe(true);
    expect(matches('./coverage/b.jsonl')).toBe(false);
    expect(matches('./src/coverage/b.json')).toBe(false);
    expect(matches('./coverageX/b.json')).toBe(false);
  });

  it('leaves out what lies in the artifacts already', () => {
    expect(workspacePatterns(['/artifacts/**'])).toEqual([]);
  });

  it('is not more for patterns that leave out', () => {
    expect(workspacePatterns(['out/*', '!out/*.o'])).toEqual(['^\\./out/[^/]*$']);
  });
});
