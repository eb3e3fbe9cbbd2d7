/** What a pattern is made of, over the characters of a path. Only `separator` and `anything` match a slash. */
export type Glob =
  | { readonly kind: 'chars'; readonly chars: CharSet }
  | { readonly kind: 'separator' }
  | { readonly kind: 'anything' }
  | { readonly kind: 'sequence'; readonly parts: readonly Glob[] }
  | { readonly kind: 'choice'; readonly options: readonly Glob[] }
  | { readonly kind: 'repeat'; readonly body: Glob; readonly least: 0 | 1; readonly most: 1 | null }
  /** Any part of one name that the body does not match as a whole. */
  | { readonly kind: 'not'; readonly body: Glob };

/** Code points from the first to the last of each pair; `negated` for all others. Never a slash. */
export interface CharSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

const CLASSES: Readonly<Record<string, CharSet['ranges']>> = {
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  digit: [[0x30, 0x39]],
  lower: [[0x61, 0x7a]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: [[0x41, 0x5a]],
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};

const SLASH = '/';
const NAME_CHAR: Glob = { kind: 'chars', chars: { negated: true, ranges: [] } };
const NAME_PART: Glob = { kind: 'repeat', body: NAME_CHAR, least: 0, most: null };
const NAME: Glob = { kind: 'repeat', body: NAME_CHAR, least: 1, most: null };
const SEPARATOR: Glob = { kind: 'separator' };
const ANYTHING: Glob = { kind: 'anything' };

export const sequence = (parts: readonly Glob[]): Glob => ({ kind: 'sequence', parts });
export const choice = (options: readonly Glob[]): Glob => ({ kind: 'choice', options });

/** Each name and the slash behind it, as often as there are some. */
const DIRECTORIES: Glob = { kind: 'repeat', body: sequence([NAME, SEPARATOR]), least: 0, most: null };
/** Nothing, or a slash and all that is below. */
export const CONTENT: Glob = { kind: 'repeat', body: sequence([SEPARATOR, ANYTHING]), least: 0, most: 1 };

/** One pattern without braces, relative and normalised: components between single slashes, no `.` and no two `**` in a row among them. */
export function parseGlob(text: string, isDirectory: boolean): Glob {
  if (text === '') return ANYTHING;
  const parser = new Parser(Array.from(text));
  const parts = parser.sequence();
  return sequence(isDirectory || !parser.lastIsWild ? [...parts, CONTENT] : parts);
}

class Parser {
  /** Whether the last component is more than a name: then it stands for what it matches, and not for what is in it. */
  lastIsWild = false;
  readonly #text: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: readonly string[]) {
    this.#text = text;
  }

  sequence(): Glob[] {
    const parts: Glob[] = [];
    while (this.#at < this.#text.length) {
      const char = this.#char();
      if (this.#depth > 0 && (char === '|' || char === ')')) break;
      const depthWise = this.#anyDepth(parts) ?? this.#group() ?? this.#set();
      if (depthWise !== null) parts.push(...depthWise);
      else if (char === '*') parts.push(this.#wild(NAME_PART));
      else if (char === '?') parts.push(this.#wild(NAME_CHAR));
      else parts.push(this.#literal());
    }
    return parts;
  }

  #char(ahead = 0): string | undefined {
    return this.#text[this.#at + ahead];
  }

  #wild(part: Glob): Glob {
    this.#at++;
    this.lastIsWild = true;
    return part;
  }

  #literal(): Glob {
    if (this.#char() === '\\' && this.#char(1) !== undefined) this.#at++;
    const char = this.#char() ?? '';
    this.#at++;
    if (char !== SLASH) return { kind: 'chars', chars: { negated: false, ranges: [single(char)] } };
    if (this.#depth === 0) this.lastIsWild = false;
    return SEPARATOR;
  }

  /** `**` as a whole component: any number of directories, or, at the end, the directory and all that is in it. */
  #anyDepth(before: Glob[]): Glob[] | null {
    if (this.#depth > 0 || this.#char() !== '*' || this.#char(1) !== '*') return null;
    if (before.length > 0 && before.at(-1)?.kind !== 'separator') return null;
    let stars = 2;
    while (this.#char(stars) === '*') stars++;
    const next = this.#char(stars);
    if (next !== undefined && next !== SLASH) return null;
    this.#at += stars + (next === SLASH ? 1 : 0);
    this.lastIsWild = next === undefined;
    if (next === SLASH) return [DIRECTORIES];
    // `a/**` is `a` itself as well.
    return [before.pop() === undefined ? ANYTHING : CONTENT];
  }

  /** `?(a|b)` and its like; null for one that does not end, which stands for itself. */
  #group(): Glob[] | null {
    const sign = this.#char() ?? '';
    if (!'?*+@!'.includes(sign) || this.#char(1) !== '(' || !this.#closes(this.#at + 2)) return null;
    this.#at += 2;
    this.#depth++;
    const options = [sequence(this.sequence())];
    while (this.#char() === '|') {
      this.#at++;
      options.push(sequence(this.sequence()));
    }
    this.#at++;
    this.#depth--;
    this.lastIsWild = true;
    const body = choice(options);
    if (sign === '@') return [body];
    if (sign === '!') return [{ kind: 'not', body }];
    return [{ kind: 'repeat', body, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : null }];
  }

  #closes(from: number): boolean {
    for (let at = from, open = 1; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === '\\') at++;
      else if (char === '[') at = (this.#setEnd(at) ?? at + 1) - 1;
      else if (char === '(') open++;
      else if (char === ')' && --open === 0) return true;
    }
    return false;
  }

  /** Behind the `]` of a set that begins here; null when none does. As in bash, one that holds a slash is none. */
  #setEnd(begin: number): number | null {
    let at = begin + 1;
    if (this.#text[at] === '!' || this.#text[at] === '^') at++;
    for (const first = at; at < this.#text.length && this.#text[at] !== SLASH; at++) {
      if (this.#text[at] === '\\') at++;
      else if (this.#text[at] === '[' && this.#text[at + 1] === ':') at = this.#classEnd(at) ?? at;
      else if (this.#text[at] === ']' && at > first) return at + 1;
    }
    return null;
  }

  /** At the `]` of `[:alpha:]`. */
  #classEnd(begin: number): number | null {
    const name = /^\[:([a-z]+):\]/.exec(this.#text.slice(begin, begin + 12).join(''))?.[1];
    return name === undefined || CLASSES[name] === undefined ? null : begin + name.length + 3;
  }

  #set(): Glob[] | null {
    const end = this.#char() === '[' ? this.#setEnd(this.#at) : null;
    if (end === null) return null;
    let at = this.#at + 1;
    const negated = this.#text[at] === '!' || this.#text[at] === '^';
    if (negated) at++;
    const ranges: (readonly [number, number])[] = [];
    while (at < end - 1) {
      const classEnd = this.#text[at] === '[' ? this.#classEnd(at) : null;
      if (classEnd !== null) {
        ranges.push(...(CLASSES[this.#text.slice(at + 2, classEnd - 1).join('')] ?? []));
        at = classEnd + 1;
        continue;
      }
      if (this.#text[at] === '\\') at++;
      const from = this.#text[at++] ?? '';
      let to = from;
      if (this.#text[at] === '-' && at + 1 < end - 1) {
        at++;
        if (this.#text[at] === '\\') at++;
        to = this.#text[at++] ?? '';
      }
      // The wrong way round it holds nothing.
      if (point(from) <= point(to)) ranges.push([point(from), point(to)]);
    }
    this.#at = end;
    this.lastIsWild = true;
    return [{ kind: 'chars', chars: { negated, ranges } }];
  }
}

const point = (char: string) => char.codePointAt(0) ?? 0;
const single = (char: string) => [point(char), point(char)] as const;
