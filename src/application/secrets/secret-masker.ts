/** Values shorter than this are not masked: they would hide the log, not the secret. */
export const SHORTEST_MASKED_SECRET = 4;
const SHORTEST_MASKED_LINE = 8;
const MASK = Buffer.from('***');

/**
 * Replaces secrets in a byte stream by `***`, also where one is cut by a chunk's end: bytes that may be the beginning of a
 * secret are held back until the next chunk, or the end, decides. A secret of several lines is also masked line by line,
 * and each as it stands in JSON.
 */
export class SecretMasker {
  readonly #patterns: readonly { readonly bytes: Buffer; readonly failure: Int32Array }[];
  #held: Buffer = Buffer.alloc(0);
  /** Bytes given in before `#held`. */
  #before = 0;
  readonly #onMasked: (at: number, length: number, masked: number) => void;

  /** `onMasked` is told where, in bytes of all that was pushed, how many bytes became how many. */
  constructor(
    secrets: Iterable<string>,
    onMasked: (at: number, length: number, masked: number) => void = () => {},
  ) {
    this.#onMasked = onMasked;
    const values = new Set<string>();
    for (const secret of secrets) {
      const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_MASKED_LINE);
      for (const value of [secret, secret.trimEnd(), ...lines]) {
        if (value.length < SHORTEST_MASKED_SECRET) continue;
        values.add(value);
        values.add(JSON.stringify(value).slice(1, -1));
      }
    }
    this.#patterns = [...values]
      .map((value) => Buffer.from(value, 'utf8'))
      .sort((a, b) => b.length - a.length)
      .map((bytes) => ({ bytes, failure: failureTable(bytes) }));
  }

  /** Bytes taken in but not given out yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#patterns.length === 0) return chunk;
    return this.#mask(Buffer.concat([this.#held, chunk]), false);
  }

  /** What was held back; nothing can complete it any more. */
  finish(): Uint8Array {
    return this.#mask(this.#held, true);
  }

  /** A whole text at once, for messages. */
  maskText(text: string): string {
    return this.#patterns.reduce(
      (masked, { bytes }) => masked.replaceAll(bytes.toString('utf8'), '***'),
      text,
    );
  }

  #mask(data: Buffer, last: boolean): Uint8Array {
    const out: Buffer[] = [];
    let from = 0;
    const partial = last ? data.length : this.#partialStart(data);
    const next = this.#patterns.map((pattern) => data.indexOf(pattern.bytes));
    for (;;) {
      const match = this.#earliest(data, next, from);
      if (match === null || match.start >= partial) break;
      out.push(data.subarray(from, match.start), MASK);
      this.#onMasked(this.#before + match.start, match.length, MASK.length);
      from = match.start + match.length;
    }
    const until = Math.max(from, partial);
    out.push(data.subarray(from, until));
    this.#held = Buffer.from(data.subarray(until));
    this.#before += until;
    return out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out);
  }

  /** The first match at or after `from`; of two at one place the longer, because the patterns are sorted by length. */
  #earliest(data: Buffer, next: number[], from: number): { start: number; length: number } | null {
    let best: { start: number; length: number } | null = null;
    for (const [index, pattern] of this.#patterns.entries()) {
      let at = next[index] ?? -1;
      if (at !== -1 && at < from) {
        at = data.indexOf(pattern.bytes, from);
        next[index] = at;
      }
      if (at !== -1 && (best === null || at < best.start)) best = { start: at, length: pattern.bytes.length };
    }
    return best;
  }

  /** Where the longest ending of `data` begins that is the beginning, but not the whole, of a pattern. */
  #partialStart(data: Buffer): number {
    let start = data.length;
    for (const { bytes, failure } of this.#patterns) {
      let matched = 0;
      for (let i = Math.max(0, data.length - bytes.length + 1); i < data.length; i++) {
        const byte = data[i];
        while (matched > 0 && bytes[matched] !== byte) matched = failure[matched - 1] ?? 0;
        if (bytes[matched] === byte) matched++;
      }
      start = Math.min(start, data.length - matched);
    }
    return start;
  }
}

/** Knuth, Morris and Pratt: for each prefix, the length of its longest proper prefix that is also its ending. */
function failureTable(pattern: Buffer): Int32Array {
  const table = new Int32Array(pattern.length);
  let length = 0;
  for (let i = 1; i < pattern.length; i++) {
    while (length > 0 && pattern[i] !== pattern[length]) length = table[length - 1] ?? 0;
    if (pattern[i] === pattern[length]) length++;
    table[i] = length;
  }
  return table;
}
