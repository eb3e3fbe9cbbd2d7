/** Bytes that a UTF-8 character of this first byte has; 1 also for what begins none. */
function lengthOf(first: number): number {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0) return first < 0xf0 ? 3 : 1;
  return first >= 0xc0 ? 2 : 1;
}

/** Where a character begins at the end of `data` that has not ended, and how many bytes it lacks; null when there is none. */
function openCharacter(data: Uint8Array): { readonly start: number; readonly missing: number } | null {
  for (let start = data.length - 1; start >= 0 && start > data.length - 4; start -= 1) {
    const byte = data[start] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const missing = lengthOf(byte) - (data.length - start);
    return missing > 0 ? { start, missing } : null;
  }
  return null;
}

/**
 * As much of a log's next bytes as there is room for, without a part of a character that has none: where one begins, there is room for all of it.
 * `cut` when something is left out; nothing of the log may come behind that.
 */
export function fitInRoom(
  next: Uint8Array,
  room: number,
): { readonly data: Uint8Array; readonly cut: boolean } {
  const overflows = next.length > room;
  const data = overflows ? next.subarray(0, room) : next;
  const open = openCharacter(data);
  if (open === null || (!overflows && data.length + open.missing <= room)) return { data, cut: overflows };
  return { data: data.subarray(0, open.start), cut: true };
}
