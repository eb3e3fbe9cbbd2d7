import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptPositions } from '../../../../src/application/log/kept-positions.js';
import { SecretMasker } from '../../../../src/application/secrets/secret-masker.js';

it('a byte before the position that a copy goes on from is found as well, by the secrets that were saved with it', () => {
  const secret = 'a-longer-secret';
  const first = new KeptPositions({ guest: 0, kept: 0 });
  // "ab SECRET cd SECRET ef": the second runner goes on behind the second secret.
  for (const at of [3, 22]) first.masked(at, secret.length, 3);
  const guest = 38;
  const kept = first.keptAt(guest);
  expect(kept).toBe(38 - 2 * 12);
  const second = new KeptPositions({ guest, kept }, first.lastBefore(guest));
  for (const position of [0, 2, 3, 18, 19, 21, 22, 37, 38])
    expect(second.keptAt(position)).toBe(first.keptAt(position));
  second.masked(2, secret.length, 3);
  first.masked(40, secret.length, 3);
  for (const position of [10, 20, 39, 60]) expect(second.keptAt(position)).toBe(first.keptAt(position));
});

it('a byte before thousands of secrets is found', () => {
  const positions = new KeptPositions({ guest: 0, kept: 0 });
  for (let index = 0; index < 50_000; index++) positions.masked(100 + index * 10, 8, 3);
  expect(positions.keptAt(30)).toBe(30);
  expect(positions.keptAt(100 + 20_000 * 10)).toBe(100 + 20_000 * 5);
});

it('a byte that is not masked is found at its place in the kept copy, whatever was masked before it', () => {
  const secrets = ['secret', 'a-longer-secret', 'abc1'];
  const piece = fc.oneof(
    fc.constantFrom(...secrets),
    fc.string({ unit: fc.constantFrom('x', 'y', '\n'), maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(7), (pieces, cut) => {
      const positions = new KeptPositions({ guest: 100, kept: 40 });
      const masker = new SecretMasker(secrets, (...masked) => positions.masked(...masked));
      const raw = Buffer.from(pieces.join(''));
      const kept: Uint8Array[] = [];
      for (let at = 0; at < raw.length; at += cut + 1) kept.push(masker.push(raw.subarray(at, at + cut + 1)));
      kept.push(masker.finish());
      const copy = Buffer.concat(kept);
      let at = 0;
      for (const text of pieces) {
        const position = positions.keptAt(100 + at) - 40;
        const shown = secrets.includes(text) ? '***' : text;
        expect(copy.subarray(position, position + shown.length).toString()).toBe(shown);
        at += text.length;
      }
      expect(positions.keptAt(100 + raw.length)).toBe(40 + copy.length);
    }),
    { numRuns: 300 },
  );
});
