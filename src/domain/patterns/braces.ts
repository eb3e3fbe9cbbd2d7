/** What the alternatives of one pattern may have together, in characters. */
const MOST_EXPANDED = 20_000;
const TOO_MANY: readonly string[] = Array.from({ length: MOST_EXPANDED + 1 }, () => '');

/**
 * `a{b,c}d` as `abd` and `acd`, `{1..3}` as `1`, `2` and `3`, as bash expands them; braces that hold neither a comma nor a range stand
 * for themselves. Null when that is more than a pattern may be.
 */
export function expandBraces(text: string): readonly string[] | null {
  const done: string[] = [];
  let length = 0;
  const waiting = [{ text, from: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = firstBraces(next.text, next.from);
    length += next.text.length;
    if (length > MOST_EXPANDED) return null;
    if (found === null) {
      done.push(next.text);
      continue;
    }
    const before = next.text.slice(0, found.begin);
    const after = next.text.slice(found.end);
    if (found.options.length > MOST_EXPANDED - waiting.length) return null;
    // The last is taken up first: so that they come out in their order.
    for (const option of found.options.toReversed())
      waiting.push({ text: `${before}${option}${after}`, from: found.begin });
  }
  return done;
}

interface Braces {
  readonly begin: number;
  readonly end: number;
  readonly options: readonly string[];
}

function firstBraces(text: string, from: number): Braces | null {
  for (let begin = from; begin < text.length; begin++) {
    if (text[begin] === '\\') begin++;
    else if (text[begin] === '{') {
      const found = bracesAt(text, begin);
      if (found !== null) return found;
    }
  }
  return null;
}

function bracesAt(text: string, begin: number): Braces | null {
  const commas: number[] = [];
  for (let at = begin + 1, open = 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '{') open++;
    else if (char === ',' && open === 1) commas.push(at);
    else if (char === '}' && --open === 0) {
      const options = optionsOf(text, begin, commas, at);
      return options === null ? null : { begin, end: at + 1, options };
    }
  }
  return null;
}

function optionsOf(
  text: string,
  begin: number,
  commas: readonly number[],
  end: number,
): readonly string[] | null {
  if (commas.length === 0) return rangeOf(text.slice(begin + 1, end));
  const starts = [begin, ...commas];
  return starts.map((start, index) => text.slice(start + 1, commas[index] ?? end));
}

function rangeOf(text: string): readonly string[] | null {
  const numbers = /^(-?\d{1,6})\.\.(-?\d{1,6})$/.exec(text);
  const [, one = '', other = ''] = numbers ?? /^([A-Za-z])\.\.([A-Za-z])$/.exec(text) ?? [];
  if (one === '') return null;
  const ends = numbers === null ? [one.charCodeAt(0), other.charCodeAt(0)] : [Number(one), Number(other)];
  const [from = 0, to = 0] = ends;
  const size = Math.abs(to - from) + 1;
  if (size > MOST_EXPANDED) return TOO_MANY;
  const width = [one, other].some((end) => /^-?0\d/.test(end)) ? Math.max(one.length, other.length) : 0;
  const shown = (value: number) => {
    if (numbers === null) return String.fromCharCode(value);
    const digits = String(Math.abs(value));
    return value < 0 ? `-${digits.padStart(width - 1, '0')}` : digits.padStart(width, '0');
  };
  return Array.from({ length: size }, (_, index) => shown(from + (to < from ? -index : index)));
}
