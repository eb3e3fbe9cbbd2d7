import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptPositions } from '../../../../src/application/log/kept-positions.js';
import { SecretMasker } from '../../../../src/application/secrets/secret-masker.js';

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
