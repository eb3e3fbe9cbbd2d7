/** Bytes from the first to the last. */
export type ByteRange = readonly [number, number];

const ENDS = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** Code points from one to another, as sequences of bytes of which any combination is one of them. */
export function utf8Sequences(from: number, to: number): readonly (readonly ByteRange[])[] {
  if (from > to) return [];
  for (const end of ENDS) if (from <= end && end < to) return both(from, end, to);
  if (to <= 0x7f) return [[[from, to]]];
  // Of characters with the same number of bytes: split until all but the first different byte run through all their values.
  for (let tail = 1; tail < bytesOf(to).length; tail++) {
    const low = (1 << (6 * tail)) - 1;
    if ((from & ~low) === (to & ~low)) continue;
    if ((from & low) !== 0) return both(from, from | low, to);
    if ((to & low) !== low) return both(from, (to & ~low) - 1, to);
  }
  const last = bytesOf(to);
  return [bytesOf(from).map((byte, index): ByteRange => [byte, last[index] ?? byte])];
}

function both(from: number, middle: number, to: number) {
  return [...utf8Sequences(from, middle), ...utf8Sequences(middle + 1, to)];
}

/** Also of half characters, which are no text: no name holds their bytes. */
function bytesOf(point: number): readonly number[] {
  const tail = (shift: number) => 0x80 | ((point >> shift) & 0x3f);
  if (point <= 0x7f) return [point];
  if (point <= 0x7ff) return [0xc0 | (point >> 6), tail(0)];
  if (point <= 0xffff) return [0xe0 | (point >> 12), tail(6), tail(0)];
  return [0xf0 | (point >> 18), tail(12), tail(6), tail(0)];
}
