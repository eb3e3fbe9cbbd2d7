import { classesOf, styledBy, type TextStyle } from './text-style.js';
import { visible } from './visible.js';

/** A piece of a line in one style; `classes` are names of our own style sheet only. */
export interface ColouredPiece {
  readonly text: string;
  readonly classes: string;
}

export interface ColouredLine {
  readonly pieces: readonly ColouredPiece[];
  /** What the next line begins with. */
  readonly after: TextStyle;
}

/** Control sequences (ECMA-48, CSI), and the choice of a character set, which `tput sgr0` makes. */
const SEQUENCES = /\u001b(?:\[([0-?]*)[ -/]*([@-~])|[()][0-9A-Z])/g;

/**
 * A line with its colours. Sequences that move a cursor or clear a screen have no meaning here and are left out; every other
 * control character is made visible.
 */
export function colouredLine(line: string, before: TextStyle): ColouredLine {
  if (line === '') return { pieces: [], after: before };
  const pieces: ColouredPiece[] = [];
  let style = before;
  let end = 0;
  const add = (text: string) => {
    if (text === '') return;
    const classes = classesOf(style);
    for (const piece of visible(text))
      pieces.push({ text: piece.text, classes: piece.mark ? 'unseen' : classes });
  };
  // A carriage return before the line's end is no more than that.
  const text = line.replace(/\r$/, '');
  for (const found of text.matchAll(SEQUENCES)) {
    add(text.slice(end, found.index));
    end = found.index + found[0].length;
    style = afterSequence(style, found);
  }
  add(text.slice(end));
  return { pieces, after: style };
}

/** The style after all that a text says of it. */
export function styleAfter(text: string, before: TextStyle): TextStyle {
  if (!text.includes('\u001b[')) return before;
  return [...text.matchAll(SEQUENCES)].reduce(afterSequence, before);
}

/** What a reader sees of a line, without its colours. */
export function plainText(line: string): string {
  return line.includes('\u001b') ? line.replace(SEQUENCES, '') : line;
}

function afterSequence(style: TextStyle, [, parameters = '', final]: RegExpMatchArray): TextStyle {
  return final === 'm' && /^[\d;:]*$/.test(parameters) ? styledBy(style, parameters) : style;
}
