/** A stretch of text; `mark` is true for the name of a character that would not be seen, or would turn its neighbours round. */
export interface VisiblePiece {
  readonly text: string;
  readonly mark: boolean;
}

/** C1 controls, the marks and overrides of writing direction, and the two separators that break lines. */
const UNSEEN = /([\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069])/;

/** Text in which nothing hides: control characters get their picture (U+2400 and on), others their number. */
export function visible(text: string): VisiblePiece[] {
  return text
    .replace(/[\u0000-\u0008\u000a-\u001f]/g, (found) => String.fromCharCode(0x2400 + found.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .split(UNSEEN)
    .map((piece, index) =>
      index % 2 === 0 ? { text: piece, mark: false } : { text: numberOf(piece), mark: true },
    )
    .filter((piece) => piece.text !== '');
}

function numberOf(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
