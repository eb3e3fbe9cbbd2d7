/** A stretch of text; `mark` is true for the name of a character that would not be seen, or would turn its neighbours round. */
export interface VisiblePiece {
  readonly text: string;
  readonly mark: boolean;
}

/** Controls but the tab, the marks and overrides of writing direction, the two separators that break lines, and what is no part of UTF-8 (`nameText`). */
const UNSEEN =
  /([\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff])/u;

/** As ASCII calls them, from 0 on. Their pictures (U+2400 and on) are missing from many fonts. */
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  );

/** Text in which nothing hides: what would not be seen is named. */
export function visible(text: string): VisiblePiece[] {
  if (text === '') return [];
  if (!UNSEEN.test(text)) return [{ text, mark: false }];
  return text
    .split(UNSEEN)
    .map((piece, index) =>
      index % 2 === 0 ? { text: piece, mark: false } : { text: named(piece), mark: true },
    )
    .filter((piece) => piece.text !== '');
}

function named(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc00 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16).toUpperCase()}`;
  return CONTROLS[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
