/** Values shorter than this are not masked: they would hide the log, not the secret. */
export const SHORTEST_MASKED_SECRET = 4;
const SHORTEST_MASKED_LINE = 8;
/** Of a longer value, each line is masked in every spelling, and the whole as it is: its automaton would take hundreds of megabytes. */
const LONGEST_SPELT = 64 * 1024;
/** Characters to a line of base64, by what wraps it: coreutils, and openssl. */
const BASE64_LINES = [76, 64];
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Each way in which secrets are likely to be written, as bytes: as they are, each line of one of several lines, and each of these as it
 * stands in JSON, quoted for a shell, percent-encoded, and in base64 wherever it begins in what is encoded.
 */
export function secretSpellings(secrets: Iterable<string>): readonly Buffer[] {
  const spelt = new Set<string>();
  const take = (text: Iterable<string>) => {
    for (const one of text) if (one.length >= SHORTEST_MASKED_SECRET) spelt.add(one);
  };
  for (const value of masked(secrets)) {
    const bytes = Buffer.from(value, 'utf8');
    // One character a byte from here on: what is written need not be UTF-8.
    const text = bytes.toString('latin1');
    take([text]);
    if (bytes.length > LONGEST_SPELT) continue;
    take(jsonSpellings(value));
    take(shellSpellings(value));
    take(percentSpellings(bytes));
    take(base64Spellings(bytes));
  }
  return [...spelt].map((text) => Buffer.from(text, 'latin1'));
}

function masked(secrets: Iterable<string>): ReadonlySet<string> {
  const values = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split(/\r\n|[\r\n]/);
    const long = lines
      .flatMap((line) => [line, line.trim()])
      .filter(({ length }) => length >= SHORTEST_MASKED_LINE);
    const unix = secret.replaceAll('\r\n', '\n');
    for (const value of [
      secret,
      secret.trimEnd(),
      secret.trim(),
      unix,
      unix.replaceAll('\n', '\r\n'),
      ...long,
    ])
      if (value.length >= SHORTEST_MASKED_SECRET) values.add(value);
  }
  return values;
}

function jsonSpellings(value: string): readonly string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const escaped = (text: string, which: RegExp, letters: 'upper' | 'lower') =>
    text.replace(which, (unit) => {
      const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${letters === 'upper' ? hex.toUpperCase() : hex}`;
    });
  const [marks, foreign] = [/[<>&'\u2028\u2029]/g, /[^\0-\x7e]/g];
  const forms = [
    plain,
    escaped(plain, marks, 'lower').replaceAll('\\u0027', "'"),
    escaped(plain, marks, 'lower'),
  ];
  for (const letters of ['upper', 'lower'] as const) {
    forms.push(escaped(plain, foreign, letters));
    forms.push(escaped(escaped(plain, marks, letters), foreign, letters));
  }
  const slashed = forms.map((form) => form.replaceAll('/', '\\/'));
  // JSON in a string of JSON, as log drivers write it.
  const twice = JSON.stringify(plain).slice(1, -1);
  return [...forms, ...slashed, twice].map(latin1);
}

function shellSpellings(value: string): readonly string[] {
  const single = [`'\\''`, `'"'"'`, `\\'`].map((quote) => value.replaceAll("'", quote));
  const double = value.replace(/["$`\\]/g, '\\$&');
  // As `printf %q` of bash writes it, in its versions, and whoever escapes all that is not a word's.
  const bare = value.replace(/[\s'"\\|&;()<>!{}*[\]?^$`]/g, '\\$&').replace(/^[#~]|(?<=[:=])~/g, '\\$&');
  const all = value.replace(/[^\w@%+=:,./\-\x80-\u{10ffff}]/gu, '\\$&');
  const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\E' };
  const ansi = value.replace(/[\\']/g, '\\$&').replace(/[\0-\x1f\x7f]/g, (unit) => {
    return short[unit] ?? `\\${unit.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
  return [...single, double, double.replaceAll('!', '\\!'), bare, bare.replaceAll(',', '\\,'), all, ansi].map(
    latin1,
  );
}

/** What may stand as it is, by who encodes: encodeURIComponent, RFC 3986, Python and encodeURI, a form. */
const LEFT_ALONE = [/[\w.~!*'()-]/, /[\w.~-]/, /[\w.~/-]/, /[\w.~!*'();/?:@&=+$,#-]/, /[\w.*-]/];

function percentSpellings(bytes: Buffer): readonly string[] {
  return LEFT_ALONE.flatMap((alone) => {
    const encode = (hex: (text: string) => string) =>
      [...bytes]
        .map((byte) => {
          const char = String.fromCharCode(byte);
          return byte < 0x80 && alone.test(char) ? char : `%${hex(byte.toString(16).padStart(2, '0'))}`;
        })
        .join('');
    const [upper, lower] = [encode((text) => text.toUpperCase()), encode((text) => text)];
    return [upper, lower, upper.replaceAll('%20', '+'), lower.replaceAll('%20', '+')];
  });
}

function base64Spellings(bytes: Buffer): readonly string[] {
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const bits = 8 * (before + bytes.length);
    const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Characters that say something of the bytes before it are not the secret's own.
    const whole = all.slice(Math.ceil((8 * before) / 6), Math.floor(bits / 6));
    forms.push(whole, ...withLast(whole, all, bits));
    if (before > 0) continue;
    for (const width of BASE64_LINES)
      for (let at = 0; width < whole.length && at < whole.length; at += width)
        forms.push(whole.slice(at, at + width));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** The character that holds the last bits, with each of the beginnings of what may come after it. */
function withLast(whole: string, all: string, bits: number): readonly string[] {
  const open = bits % 6;
  if (open === 0) return [];
  const first = BASE64.indexOf(all[Math.floor(bits / 6)] ?? '');
  return Array.from({ length: 2 ** (6 - open) }, (_, more) => `${whole}${BASE64[first + more]}`);
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
