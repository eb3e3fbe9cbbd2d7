import Anser from 'anser';

/** A piece of a line in one colour; `classes` are names of our own style sheet only. */
export interface ColouredPiece {
  readonly text: string;
  readonly classes: string;
}

/** Lines of a log with their colours. What is left of other control characters is made visible, so that nothing hides. */
export function colouredLines(text: string): ColouredPiece[][] {
  const lines: ColouredPiece[][] = [[]];
  for (const entry of Anser.ansiToJson(text, { use_classes: true, remove_empty: true })) {
    const classes = classesOf(entry);
    for (const [index, piece] of entry.content.split('\n').entries()) {
      if (index > 0) lines.push([]);
      const shown = visible(piece);
      if (shown !== '') lines.at(-1)?.push({ text: shown, classes });
    }
  }
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

function classesOf(entry: Anser.AnserJsonEntry): string {
  return [
    colour('fg', entry.fg, entry.fg_truecolor),
    colour('bg', entry.bg, entry.bg_truecolor),
    ...entry.decorations,
  ]
    .filter((name) => name !== null && /^[a-z0-9-]+$/.test(name))
    .join(' ');
}

/** An inline style is not allowed, so a colour of 24 bits becomes the nearest of the 6×6×6 cube of xterm's palette. */
function colour(ground: 'fg' | 'bg', name: string | null, truecolor: string | null): string | null {
  if (!name) return null;
  if (name !== 'ansi-truecolor') return `${ground}-${name.replace(/^ansi-/, '')}`;
  const [red = 0, green = 0, blue = 0] = (truecolor ?? '')
    .split(',')
    .map((part) => Math.min(5, Math.max(0, Math.round((Number(part) || 0) / 51))));
  return `${ground}-palette-${16 + 36 * red + 6 * green + blue}`;
}

/** A carriage return before the line's end is no more than that; others, and the rest, get their picture (U+2400 and on). */
function visible(text: string): string {
  return text
    .replace(/\r$/, '')
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (found) => String.fromCharCode(0x2400 + found.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421');
}
