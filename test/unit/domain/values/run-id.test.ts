import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runIdSchema } from '../../../../src/domain/values/identifier.js';
import { runIdAt } from '../../../../src/domain/values/run-id.js';

const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
const random = fc.uint8Array({ minLength: 3, maxLength: 3 });

test('a run id is the UTC time and some chance', () => {
  const at = Date.parse('2026-11-23T16:45:01.999Z');
  expect(runIdAt(at, Uint8Array.of(0xab, 0xc1, 0x03))).toBe('20261123-164501-abc103');
});

test('every run id is a valid identifier', () => {
  fc.assert(fc.property(time, random, (at, bytes) => runIdSchema.safeParse(runIdAt(at, bytes)).success));
});

test('run ids of different seconds sort by time, whatever the chance', () => {
  fc.assert(
    fc.property(time, time, random, random, (a, b, x, y) => {
      fc.pre(Math.floor(a / 1000) < Math.floor(b / 1000));
      return runIdAt(a, x) < runIdAt(b, y);
    }),
  );
});
