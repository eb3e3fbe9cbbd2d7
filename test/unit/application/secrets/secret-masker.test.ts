import { spawnSync } from 'node:child_process';
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

  it('leaves no byte of any secret, however they overlap and are repeated', () => {
    fc.assert(
      fc.property(
        fc.array(letters({ minLength: 4, maxLength: 9 }), { minLength: 1, maxLength: 4 }),
        letters({ maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (secrets, text, cuts) => {
          const bytes = Buffer.from(text);
          const places: [number, number][] = [];
          const masker = new SecretMasker(secrets, (at, length) => void places.push([at, length]));
          const out = [...cutAt(bytes, cuts).map((chunk) => masker.push(chunk)), masker.finish()];
          // Every occurrence of every secret lies within one masked place, and what is outside of them is as it was.
          for (const secret of secrets.map((one) => Buffer.from(one)))
            for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + 1))
              expect(places.some(([from, long]) => from <= at && at + secret.length <= from + long)).toBe(
                true,
              );
          let expected = '';
          let from = 0;
          for (const [at, long] of places) {
            expected += `${bytes.toString('latin1', from, at)}***`;
            from = at + long;
          }
          expect(Buffer.concat(out).toString('latin1')).toBe(expected + bytes.toString('latin1', from));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leaves nothing of two secrets that overlap, nor of one that overlaps itself', () => {
    const both = ['alpha-beta', 'beta-gamma'];
    for (let cut = 0; cut < 18; cut++) {
      const bytes = Buffer.from('[alpha-beta-gamma]');
      expect(masked(both, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe('[***]');
    }
    expect(new SecretMasker(both).maskText('[alpha-beta-gamma]')).toBe('[***]');
    expect(masked(['abab'], [Buffer.from('xababababx')])).toBe('x***x');
    expect(masked(['toktok'], [Buffer.from('toktok'), Buffer.from('toktok')])).not.toContain('tok');
  });

  it('holds back no more than the longest spelling, and no secret that nothing can go on', () => {
    const masker = new SecretMasker(['swordfish']);
    masker.push(Buffer.from('a swordfis'));
    expect(masker.heldBytes).toBe(8);
    expect(Buffer.from(masker.push(Buffer.from('h'))).toString()).toBe('***');
    expect(masker.heldBytes).toBe(0);
    for (const byte of Buffer.from('swordfiswordfi%73%77 c3dvcmR sword'.repeat(20))) {
      masker.push(Uint8Array.of(byte));
      expect(masker.heldBytes).toBeLessThanOrEqual(3 * 9);
    }
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
    // A name that is not UTF-8 keeps its bytes.
    expect(new SecretMasker(['käse']).maskText('\udce9/käse\udcff')).toBe('\udce9/***\udcff');
  });

  it('does not compare every byte with every beginning', () => {
    const masker = new SecretMasker(['a'.repeat(50_000)]);
    const chunk = Buffer.alloc(64 * 1024, 'a');
    chunk[chunk.length - 1] = 0x62;
    let out = 0;
    for (let i = 0; i < 32; i++) out += masker.push(chunk).length;
    expect(out + masker.finish().length).toBe(32 * ('***'.length + 1));
  });

  it('takes as long for thousands of secrets as for one, and finds each', () => {
    const secrets = Array.from(
      { length: 3000 },
      (_, index) => `tok_${(index * 7919).toString(36)}_${index}_end`,
    );
    const masker = new SecretMasker(secrets);
    const line = Buffer.from(`${'tok_1_2 to tok tok_en '.repeat(40)}\n`);
    let kept = 0;
    for (let i = 0; i < 4000; i++) kept += masker.push(line).length;
    expect(kept + masker.heldBytes).toBe(4000 * line.length);
    masker.finish();
    for (const [index, secret] of secrets.entries())
      if (index % 100 === 0) expect(masker.maskText(`a ${secret} b`)).toBe('a *** b');
  });
});

describe('a secret that is written in another way', () => {
  const secret = 'p4$$ "wörd"/it\'s+<b>&\\x!~é';

  it('is masked in base64, wherever it begins and whatever stands around it', () => {
    const text = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(text, text, fc.constantFrom('base64', 'base64url'), (before, after, alphabet) => {
        const encoded = Buffer.concat([before, Buffer.from(secret), after]).toString(alphabet as 'base64');
        const out = masked([secret], [Buffer.from(encoded)]);
        const left = out.split('***');
        expect(left).toHaveLength(2);
        // What is left says of the secret no more than the bits of one character that it shares with what stands before it.
        const bits = 8 * before.length;
        expect(left[0]?.length).toBe(Math.ceil(bits / 6));
        expect(left[1]).toBe(encoded.slice(Math.ceil((bits + 8 * Buffer.byteLength(secret)) / 6)));
      }),
    );
  });

  it('is masked in the lines of base64 that wraps', () => {
    const key = Array.from({ length: 12 }, (_, index) => `line ${index} of a key ${index * 7919}`).join('\n');
    for (const width of [64, 76]) {
      const lines =
        Buffer.from(key)
          .toString('base64')
          .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
      expect(lines.length).toBeGreaterThan(4);
      const out = masked([key], [Buffer.from(`${lines.join('\n')}\n`)]);
      expect(out.replaceAll('***', '').replaceAll('\n', '').length).toBeLessThan(4);
    }
  });

  const json = JSON.stringify({ key: secret });
  const spellings: Record<string, string> = {
    encodeURIComponent: encodeURIComponent(secret),
    encodeURI: encodeURI(secret),
    'percent-encoding in small letters': encodeURIComponent(secret).replace(/%../g, (hex) =>
      hex.toLowerCase(),
    ),
    'a form': new URLSearchParams({ key: secret }).toString().slice(4),
    'RFC 3986': encodeURIComponent(secret).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
    JSON: json.slice(8, -2),
    'JSON within JSON': JSON.stringify(json).slice(12, -4),
    'JSON of ASCII only': json.slice(8, -2).replaceAll('ö', '\\u00f6').replaceAll('é', '\\u00e9'),
    'JSON as Go writes it': json
      .slice(8, -2)
      .replaceAll('<', '\\u003c')
      .replaceAll('>', '\\u003e')
      .replaceAll('&', '\\u0026'),
    'JSON as PHP writes it': json
      .slice(8, -2)
      .replaceAll('/', '\\/')
      .replaceAll('ö', '\\u00f6')
      .replaceAll('é', '\\u00e9'),
    'single quotes of a shell': secret.replaceAll("'", `'\\''`),
    "Python's shlex.quote": secret.replaceAll("'", `'"'"'`),
    'double quotes of a shell': secret.replace(/["$`\\]/g, '\\$&'),
  };
  for (const [name, spelling] of Object.entries(spellings)) {
    it(`is masked in ${name}`, () => {
      for (let cut = 0; cut < spelling.length; cut += 5) {
        const bytes = Buffer.from(`<${spelling}>`);
        expect(masked([secret], [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe('<***>');
      }
    });
  }

  it('is masked as bash quotes it', () => {
    for (const value of [`it's a "word" $x \\ !z`, 'tab\there', 'a~b#c[d]e', 'two\nlines of it']) {
      const { stdout, stderr } = spawnSync(
        'bash',
        ['--norc', '-c', `printf '%q\\n' "$1"; set -x; : "$1"`, 'bash', value],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
        },
      );
      const out = masked([value], [Buffer.from(stdout + stderr)]);
      expect(out).toMatch(/^(?:\$')?\*\*\*'?\n\+ : (?:\$?')?\*\*\*'?\n/);
    }
  });

  it('is masked in each line of one of several lines, in every spelling', () => {
    const key = 'first line, "quoted"\r\nsecond line/of it';
    for (const line of key.split('\r\n')) {
      expect(masked([key], [Buffer.from(`  ${JSON.stringify(line).slice(1, -1)}\n`)])).toBe('  ***\n');
      expect(masked([key], [Buffer.from(`?a=${encodeURIComponent(line)}&`)])).toBe('?a=***&');
      expect(masked([key], [Buffer.from(`${Buffer.from(line).toString('base64').replace(/=*$/, '')}`)])).toBe(
        '***',
      );
    }
  });
});
