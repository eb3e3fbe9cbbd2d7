/** How text looks after the escape sequences before it. Colours are numbers of xterm's palette of 256. */
export interface TextStyle {
  readonly fg: number | null;
  readonly bg: number | null;
  readonly marks: ReadonlySet<string>;
}

export const PLAIN: TextStyle = { fg: null, bg: null, marks: new Set() };

export const BASIC_COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

const MARKS: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'reverse',
  9: 'strikethrough',
};
const ENDS: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['reverse'],
  29: ['strikethrough'],
};

/** After the parameters of one `ESC [ … m` (ECMA-48, SGR). What is hidden by an 8, or blinks, is shown as it is. */
export function styledBy(before: TextStyle, parameters: string): TextStyle {
  let { fg, bg } = before;
  const marks = new Set(before.marks);
  const codes = parameters.split(';');
  for (let index = 0; index < codes.length; index += 1) {
    const [first = '', ...rest] = (codes[index] ?? '').split(':');
    const code = Number(first);
    if (code === 0) {
      fg = null;
      bg = null;
      marks.clear();
    } else if (code === 38 || code === 48) {
      const colour = rest.length > 0 ? rest : codes.slice(index + 1, index + 5);
      if (rest.length === 0) index += colour[0] === '2' ? 4 : 2;
      const found = extendedColour(colour);
      if (code === 38) fg = found ?? fg;
      else bg = found ?? bg;
    } else if (code === 39) fg = null;
    else if (code === 49) bg = null;
    else if (MARKS[code] !== undefined) marks.add(MARKS[code]);
    else if (ENDS[code] !== undefined) for (const mark of ENDS[code]) marks.delete(mark);
    else if (code >= 30 && code <= 37) fg = code - 30;
    else if (code >= 90 && code <= 97) fg = code - 82;
    else if (code >= 40 && code <= 47) bg = code - 40;
    else if (code >= 100 && code <= 107) bg = code - 92;
  }
  return { fg, bg, marks };
}

/** `5;n` of the palette, or `2;r;g;b`, of which the nearest of the palette's 6×6×6 cube is taken: a page has no inline styles. */
function extendedColour([mode, ...values]: readonly string[]): number | null {
  if (mode === '5') return byte(values[0]);
  if (mode !== '2') return null;
  // With colons there may be a colour space before the three.
  const levels = values.slice(-3).map(byte);
  let colour = 16;
  for (const [place, level] of levels.entries()) {
    if (level === null) return null;
    colour += Math.round(level / 51) * 6 ** (2 - place);
  }
  return levels.length === 3 ? colour : null;
}

function byte(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : null;
}

/** Names of our own style sheet only. */
export function classesOf({ fg, bg, marks }: TextStyle): string {
  const isReversed = marks.has('reverse');
  const [front, back] = isReversed ? [bg, fg] : [fg, bg];
  return [
    front === null ? (isReversed ? 'fg-ground' : '') : `fg-${colourName(front)}`,
    back === null ? (isReversed ? 'bg-text' : '') : `bg-${colourName(back)}`,
    ...[...marks].filter((mark) => mark !== 'reverse'),
  ]
    .filter((name) => name !== '')
    .join(' ');
}

function colourName(colour: number): string {
  const basic = BASIC_COLOURS[colour % 8];
  if (colour < 8) return `${basic}`;
  return colour < 16 ? `bright-${basic}` : `palette-${colour}`;
}

/** The parameters that lead from plain text to this style. */
export function parametersOf({ fg, bg, marks }: TextStyle): string {
  const codes = Object.entries(MARKS).flatMap(([code, mark]) => (marks.has(mark) ? [code] : []));
  if (fg !== null) codes.push(`38;5;${fg}`);
  if (bg !== null) codes.push(`48;5;${bg}`);
  return codes.join(';');
}
