import { describe, expect, it } from 'vitest';
import { filteredOut } from '../../../../src/domain/target/target-filters.js';
import { patternCases } from '../../../support/pattern-cases.js';

describe('the filters of a target', () => {
  for (const { patterns, matches, others } of patternCases) {
    it(`${patterns.join('  ')} are for what the table says`, () => {
      for (const path of matches)
        expect([path, filteredOut(patterns, ['no/such/place/of/any/pattern', path])]).toEqual([path, false]);
      for (const path of others) expect([path, filteredOut(patterns, [path])]).toEqual([path, true]);
    });
  }

  it('have no say where it is not known what has changed', () => {
    expect(filteredOut(['src'], undefined)).toBe(false);
    expect(filteredOut([], ['a'])).toBe(false);
    expect(filteredOut(['src'], [])).toBe(true);
  });

  it('take a path with "./" in front', () => {
    expect(filteredOut(['src'], ['./src/a'])).toBe(false);
  });
});
