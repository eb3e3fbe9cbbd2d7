import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** The line, no wider than `columns` as a terminal shows it; colours do not count, and end with what is left. */
export function cutToWidth(line: string, columns: number): string {
  const room = Math.max(1, columns);
  if (stringWidth(line) <= room) return line;
  // slice-ansi keeps a wide character whole that begins within and ends beyond.
  for (let end = room - 1; end > 0; end -= 1) {
    const cut = `${sliceAnsi(line, 0, end)}…`;
    if (stringWidth(cut) <= room) return cut;
  }
  return '…';
}
