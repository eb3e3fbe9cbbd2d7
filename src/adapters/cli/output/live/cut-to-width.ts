import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** The line, no wider than `columns` as a terminal shows it; colours do not count, and end with what is left. */
export function cutToWidth(line: string, columns: number): string {
  const room = Math.max(1, columns);
  return stringWidth(line) <= room ? line : `${sliceAnsi(line, 0, room - 1)}…`;
}
