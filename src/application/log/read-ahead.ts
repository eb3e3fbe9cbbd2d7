/**
 * Goes on reading while what was read is being worked on, and hands out all that has come meanwhile as one piece: work that
 * costs the same for any size is done seldom when much comes, and at once when little does. At most `mostBytes`, and one
 * piece of the source, wait here. The source ends and never throws; a reader that leaves early lets its owner end it.
 */
export async function* readAhead(
  source: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  let left = false;
  let onChange = () => {};
  let onRoom = () => {};
  const pump = async () => {
    for (let next = await iterator.next(); next.done !== true && !left; next = await iterator.next()) {
      parts.push(next.value);
      bytes += next.value.length;
      onChange();
      if (bytes < mostBytes) continue;
      await new Promise<void>((resolve) => {
        onRoom = resolve;
      });
    }
    ended = true;
    onChange();
  };
  void pump();
  try {
    for (;;) {
      if (parts.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          onChange = resolve;
        });
      }
      if (parts.length === 0) return;
      const [first] = parts;
      const piece = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, bytes);
      parts = [];
      bytes = 0;
      onRoom();
      yield piece;
    }
  } finally {
    left = true;
    onRoom();
  }
}
