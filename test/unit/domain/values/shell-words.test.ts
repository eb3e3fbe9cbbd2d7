import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoteWords } from '../../../../src/domain/values/shell-words.js';

const word = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("'", '"', '\\', '\n', '$', '`', ' '),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 30,
  })
  .map((text) => text.replaceAll('\0', ''));

it('a shell reads quoted words back as they were, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const script = `for w in ${quoteWords(words)}; do printf '%s\\0' "$w"; done`;
      const read = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect(read).toBe(words.map((one) => `${one}\0`).join(''));
    }),
    { numRuns: 60 },
  );
});

it('plain words stay readable, everything else is in quotes', () => {
  expect(quoteWords(['ls', '-l', '/var/tmp', "it's", '', '~', 'a b'])).toBe(
    `ls -l /var/tmp 'it'\\''s' '' '~' 'a b'`,
  );
});
