/** Bytes of a line that are kept; of a longer one the rest is left out. */
export const LONGEST_LINE = 64 * 1024;

const NEWLINE = 0x0a;

export interface RawLine {
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the log. */
  readonly offset: number;
  /** Without its end; at most `LONGEST_LINE` bytes. */
  readonly bytes: Uint8Array;
  /** True when more of it was there. */
  readonly cut: boolean;
}

/** Cuts the bytes of a log into lines as they come. What it holds has a bound, whatever comes. */
export class LineSplitter {
  #number: number;
  #lineOffset: number;
  #readTo: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** The bytes come from `offset` on, which is where the line `number` begins. */
  constructor(offset: number, number: number) {
    this.#lineOffset = offset;
    this.#readTo = offset;
    this.#number = number;
  }

  /** Of the next byte that is wanted. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Where the line begins that has not ended yet. */
  get begun(): { readonly offset: number; readonly number: number } {
    return { offset: this.#lineOffset, number: this.#number };
  }

  /** What is there of the line that has not ended yet; null when that is nothing. */
  get tail(): RawLine | null {
    return this.#readTo === this.#lineOffset ? null : this.#line(this.#readTo - this.#lineOffset);
  }

  /** Takes the next bytes and gives the lines that have ended. */
  *push(data: Uint8Array): Generator<RawLine> {
    for (let begin = 0; begin < data.length; ) {
      const found = data.indexOf(NEWLINE, begin);
      const end = found < 0 ? data.length : found;
      this.#hold(data.subarray(begin, end));
      this.#readTo += end - begin;
      if (found < 0) return;
      const line = this.#line(this.#readTo - this.#lineOffset);
      this.#readTo += 1;
      this.#lineOffset = this.#readTo;
      this.#number += 1;
      this.#held = [];
      this.#heldBytes = 0;
      begin = end + 1;
      yield line;
    }
  }

  #hold(data: Uint8Array): void {
    const kept = data.subarray(0, LONGEST_LINE - this.#heldBytes);
    if (kept.length === 0) return;
    this.#held.push(Buffer.from(kept));
    this.#heldBytes += kept.length;
  }

  #line(length: number): RawLine {
    const [first = EMPTY] = this.#held;
    const bytes = this.#held.length < 2 ? first : Buffer.concat(this.#held);
    return { number: this.#number, offset: this.#lineOffset, bytes, cut: length > bytes.length };
  }
}

const EMPTY = Buffer.alloc(0);
