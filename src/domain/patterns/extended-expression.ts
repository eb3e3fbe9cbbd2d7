import type { CharSet, Glob } from './pattern-syntax.js';
import { type ByteRange, utf8Sequences } from './utf8-ranges.js';

/**
 * What stands in for a `!(…)`, which no expression can say, and for a byte that is no part of UTF-8 where a character is asked for (in C's
 * locale one cannot be told from a part): `more` matches whatever may be there, `less` nothing. Everything else is said exactly.
 */
export type Inexactness = 'more' | 'less';

/**
 * A pattern as an extended regular expression (POSIX 9.4) over the bytes of a path, for the C locale. Each character of the answer is one
 * byte; null for one that matches nothing.
 */
export function extendedExpression(glob: Glob, inexact: Inexactness): string | null {
  switch (glob.kind) {
    case 'separator':
      return '/';
    case 'anything':
      return '.*';
    case 'chars':
      return charExpression(glob.chars, inexact);
    case 'not':
      return inexact === 'more' ? '[^/]*' : null;
    case 'sequence': {
      const parts = glob.parts.map((part) => extendedExpression(part, inexact));
      return parts.includes(null) ? null : parts.join('');
    }
    case 'choice': {
      const options = glob.options.flatMap((option) => extendedExpression(option, inexact) ?? []);
      return anyOf([...new Set(options)]);
    }
    case 'repeat': {
      // Of bytes, so that names that are not UTF-8 are among them.
      const any = glob.body.kind === 'chars' && isAny(glob.body.chars);
      const body = any ? '[^/]' : extendedExpression(glob.body, inexact);
      if (body === null) return glob.least === 0 ? '' : null;
      if (body === '') return '';
      return `${any ? body : `(${body})`}${glob.most === 1 ? '?' : glob.least === 1 ? '+' : '*'}`;
    }
  }
}

function anyOf(options: readonly string[]): string | null {
  const [only] = options;
  if (options.length <= 1) return only ?? null;
  const some = options.filter((option) => option !== '');
  // An empty alternative is undefined in POSIX.
  return `(${some.join('|')})${some.length < options.length ? '?' : ''}`;
}

const isAny = ({ negated, ranges }: CharSet) => negated && ranges.length === 0;

function charExpression(chars: CharSet, inexact: Inexactness): string | null {
  const ranges = chars.negated ? complement(chars.ranges) : chars.ranges;
  const withoutSlash = ranges.flatMap(([from, to]): (readonly [number, number])[] =>
    from <= 0x2f && to >= 0x2f
      ? [[from, 0x2e] as const, [0x30, to] as const].filter(([low, high]) => low <= high)
      : [[from, to]],
  );
  const ascii = withoutSlash.flatMap(([from, to]): ByteRange[] =>
    from > 0x7f ? [] : [[Math.max(from, 1), Math.min(to, 0x7f)]],
  );
  const sequences = withoutSlash.flatMap(([from, to]) => utf8Sequences(Math.max(from, 0x80), to));
  const options = sequences.map((bytes) => bytes.map((range) => byteExpression([range])).join(''));
  if (chars.negated && inexact === 'more') options.push(byteExpression([[0x80, 0xff]]));
  return anyOf(ascii.length === 0 ? options : [byteExpression(ascii), ...options]);
}

function complement(ranges: CharSet['ranges']): CharSet['ranges'] {
  const rest: [number, number][] = [];
  let next = 1;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > next) rest.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return next > 0x10ffff ? rest : [...rest, [next, 0x10ffff]];
}

/** What means something in brackets, each at the only place where it does not. */
const AWKWARD = { first: [0x5d], last: [0x5b, 0x5e, 0x2d] };

function byteExpression(ranges: readonly ByteRange[]): string {
  const [[from, to] = [0, 0]] = ranges;
  if (ranges.length === 1 && from === to) return literal(from);
  let awkward = new Set<number>();
  let middle = '';
  for (const range of ranges) {
    let [low, high] = range;
    for (const byte of [...AWKWARD.first, ...AWKWARD.last])
      if (low <= byte && byte <= high) awkward = awkward.add(byte);
    // A range may hold an awkward byte, and not begin or end with one.
    while (low <= high && awkward.has(low)) low++;
    while (low <= high && awkward.has(high)) high--;
    if (low <= high) middle += low === high ? char(low) : `${char(low)}-${char(high)}`;
  }
  const only = awkward.size === 1 && middle === '' ? [...awkward][0] : undefined;
  if (only !== undefined) return literal(only);
  const those = (bytes: readonly number[]) =>
    bytes
      .filter((byte) => awkward.has(byte))
      .map(char)
      .join('');
  const last = those(AWKWARD.last);
  const first = those(AWKWARD.first);
  // `^` at the front would turn it into its opposite.
  if (first === '' && middle === '' && last === '^-') return '[-^]';
  return `[${first}${middle}${last}]`;
}

const char = (byte: number) => String.fromCharCode(byte);

function literal(byte: number): string {
  const text = char(byte);
  return /[.^$|[\]{}()*+?\\]/.test(text) ? `\\${text}` : text;
}
