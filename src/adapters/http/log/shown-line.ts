import { type ColouredPiece, colouredLine } from './coloured-line.js';
import type { RawLine } from './line-splitter.js';
import type { TextStyle } from './text-style.js';

/** Of a log: what one page shows, and the unit by which lines are addressed. A page has the lines that begin in its part. */
export const PART_BYTES = 256 * 1024;

export interface ShownLine {
  /** From 1, in the whole log. */
  readonly number: number;
  /** On whose page it stands. */
  readonly part: number;
  readonly pieces: readonly ColouredPiece[];
  /** True when its end is left out. */
  readonly cut: boolean;
}

/** As it is shown, and the style in which the next one begins. Bytes that are no UTF-8 become U+FFFD. */
export function shownLine(line: RawLine, before: TextStyle): { line: ShownLine; after: TextStyle } {
  const { pieces, after } = colouredLine(textOf(line), before);
  const { number, offset, cut } = line;
  return { line: { number, part: Math.floor(offset / PART_BYTES), pieces, cut }, after };
}

/** A mark of byte order is no text; where a line was cut, it may be within a character. */
export function textOf({ bytes }: RawLine): string {
  return bytes.length === 0 ? '' : DECODER.decode(bytes);
}

/** Each line is decoded whole, so nothing stays in it. */
const DECODER = new TextDecoder();
