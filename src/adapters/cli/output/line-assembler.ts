const NEWLINE = 0x0a;

/** Bytes of a line that are held back while its end has not come; a longer line is given out in pieces. */
export const MAX_HELD_LINE = 64 * 1024;

export interface LogLine {
  /** Without its newline. */
  readonly bytes: Uint8Array;
  /** It goes on the piece before it, of a line longer than `MAX_HELD_LINE`. */
  readonly continues: boolean;
}

/**
 * Cuts the log of one job into whole lines, so that the lines of several jobs can share an output. No byte is lost: a
 * line that is too long to hold comes in pieces, cut between characters.
 */
export class LineAssembler {
  #held: Uint8Array[] = [];
  #length = 0;
  #continues = false;

  push(data: Uint8Array): LogLine[] {
    const lines: LogLine[] = [];
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
      this.#hold(data.subarray(start, end), lines);
      lines.push(this.#take());
      this.#continues = false;
      start = end + 1;
    }
    this.#hold(data.subarray(start), lines);
    return lines;
  }

  /** Of the line whose end has not come. */
  get heldBytes(): number {
    return this.#length;
  }

  /** At least the last `bytes` of what is held, or all. */
  tail(bytes: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let i = this.#held.length - 1, length = 0; i >= 0 && length < bytes; i -= 1) {
      const part = this.#held[i] ?? new Uint8Array();
      parts.unshift(part);
      length += part.length;
    }
    return Buffer.concat(parts);
  }

  /** What came after the last newline; null when there was nothing. */
  end(): LogLine | null {
    return this.#length === 0 ? null : this.#take();
  }

  #hold(bytes: Uint8Array, lines: LogLine[]): void {
    let rest = bytes;
    while (this.#length + rest.length > MAX_HELD_LINE) {
      const room = MAX_HELD_LINE - this.#length;
      const cut = characterStart(rest, room);
      this.#add(rest.subarray(0, cut));
      rest = rest.subarray(cut);
      lines.push(this.#take());
      this.#continues = true;
    }
    this.#add(rest);
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // A copy: the caller may use its buffer again.
    this.#held.push(bytes.slice());
    this.#length += bytes.length;
  }

  #take(): LogLine {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#length = 0;
    return { bytes, continues: this.#continues };
  }
}

/** The last place at or before `index` where a UTF-8 character starts; `index` itself when there is none within its four bytes. */
function characterStart(bytes: Uint8Array, index: number): number {
  for (let i = index; i >= 0 && i > index - 4; i -= 1) {
    if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return i;
  }
  return index;
}
