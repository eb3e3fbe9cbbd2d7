import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecretMasker } from '../../../../src/application/secrets/secret-masker.js';

/** Few letters, so that secrets begin, end and lie in each other and in the text. */
const letters = (size: { minLength?: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*', '\n', 'é'), ...size });

function masked(secrets: readonly string[], chunks: readonly Uint8Array[]): string {
  const masker = new SecretMasker(secrets);
  const out = chunks.map((chunk) => Buffer.from(masker.push(chunk)));
  return Buffer.concat([...out, masker.finish()]).toString('latin1');
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('masking secrets', () => {
  it('gives the same bytes however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(letters({ maxLength: 12 }), { maxLength: 4 }),
        letters({ maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (secrets, text, cuts) => {
          const bytes = Buffer.from(text);
          expect(masked(secrets, cutAt(bytes, cuts))).toBe(masked(secrets, [bytes]));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leaves no secret of four characters or more that stands by itself', () => {
    const secret = fc.string({ unit: fc.constantFrom(...'abcdef'), minLength: 4, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(3), fc.string({ unit: fc.constantFrom(...'XYZ "\n') })), { maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (secrets, parts, cuts) => {
          const text = parts.map(([which, gap]) => `${gap}|${secrets[which % secrets.length]}|`).join('');
          const out = masked(secrets, cutAt(Buffer.from(text), cuts));
          for (const one of secrets) expect(out).not.toContain(one);
          expect(out).toBe(parts.map(([, gap]) => `${gap}|***|`).join(''));
        },
      ),
    );
  });

  it('loses and changes nothing when there is no secret, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
        const whole = Buffer.from(bytes);
        expect(masked([], cutAt(whole, cuts))).toBe(whole.toString('latin1'));
        expect(masked(['no such text in it'], cutAt(whole, cuts))).toBe(whole.toString('latin1'));
      }),
    );
  });

  it('holds back no more than the longest secret', () => {
    fc.assert(
      fc.property(
        fc.array(letters({ maxLength: 12 }), { maxLength: 4 }),
        letters({ maxLength: 90 }),
        (secrets, text) => {
          const masker = new SecretMasker(secrets);
          const longest = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(JSON.stringify(secret))));
          for (const byte of Buffer.from(text)) {
            masker.push(Uint8Array.of(byte));
            expect(masker.heldBytes).toBeLessThanOrEqual(longest);
          }
        },
      ),
    );
  });

  it('masks each line of a key, also where the line ends differ', () => {
    const key = '-----BEGIN KEY-----\nAAAABBBBCCCC\nshort\nDDDDEEEEFFFF\n-----END KEY-----\n';
    const out = masked([key], [Buffer.from('AAAABBBBCCCC\r\nshort\r\n> DDDDEEEEFFFF\r\n')]);
    expect(out).toBe('***\r\nshort\r\n> ***\r\n');
    expect(masked([key], [Buffer.from(`${key}next`)])).toBe('***next');
    expect(masked([key], [Buffer.from(`${key.trimEnd()} next`)])).toBe('*** next');
  });

  it('masks a secret as it stands in JSON', () => {
    expect(masked(['pa"ss\nword'], [Buffer.from('{"a":"pa\\"ss\\nword"}')])).toBe('{"a":"***"}');
  });

  it('leaves values of fewer than four characters alone, and takes the longer of two', () => {
    expect(masked(['abc'], [Buffer.from('abc')])).toBe('abc');
    expect(masked(['abcd', 'abcdef'], [Buffer.from('abcdefg abcde')])).toBe('***g ***e');
  });

  it('masks a whole text at once, with no special meaning of its characters', () => {
    expect(new SecretMasker(['a$&.*b']).maskText('x a$&.*b x')).toBe('x *** x');
  });

  it('does not compare every byte with every beginning', () => {
    const masker = new SecretMasker(['a'.repeat(50_000)]);
    const chunk = Buffer.alloc(64 * 1024, 'a');
    chunk[chunk.length - 1] = 0x62;
    let out = 0;
    for (let i = 0; i < 32; i++) out += masker.push(chunk).length;
    // Of each chunk the first 50 000 bytes are the secret, and what is behind them is no beginning of one.
    expect(out + masker.finish().length).toBe(32 * (3 + chunk.length - 50_000));
  });
});
