import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StartHeader } from '../../../../src/adapters/ssh2/start-header.js';

it('the line is found however the bytes are cut, and what follows it is kept', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (noise, rest, step) => {
        const header = new StartHeader('0123456789abcdef');
        const whole = Buffer.concat([noise, Buffer.from('0123456789abcdef 4711\n'), rest]);
        for (let at = 0; at < whole.length; at += step) {
          const found = header.feed(whole.subarray(at, at + step));
          if (found === null) continue;
          expect(found.start).toEqual({ pid: 4711 });
          expect(Buffer.concat([found.rest, whole.subarray(at + step)]).equals(Buffer.from(rest))).toBe(true);
          return;
        }
        expect.unreachable('the line was not found');
      },
    ),
  );
});

it('a directory that could not be entered is told apart', () => {
  expect(new StartHeader('token').feed(Buffer.from('token cwd\n'))?.start).toEqual({ refused: 'cwd' });
});
