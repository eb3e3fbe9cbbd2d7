import { nameBytes, nameText } from '../../streams/name-bytes.js';
import { PatternAutomaton } from './pattern-automaton.js';
import { secretSpellings } from './secret-spellings.js';

const MASK = Buffer.from('***');

/** One automaton for all that mask the same secrets: that of thousands takes a second to make. */
const made = new WeakMap<object, PatternAutomaton | null>();

/**
 * Replaces secrets in a byte stream by `***`, also where one is cut by a chunk's end: bytes that may be the beginning of a
 * secret are held back until the next chunk, or the end, decides. In which spellings: `secretSpellings`. Secrets that overlap are
 * one: what any of them covers is replaced together, so that no part of one is left beside the mask of another.
 */
export class SecretMasker {
  readonly #automaton: PatternAutomaton | null;
  readonly #onMasked: (at: number, length: number, masked: number) => void;
  #state = 0;
  /** What was taken and not given out, from `#heldFrom` on; positions count from the first byte that was pushed. */
  #held: Buffer = Buffer.alloc(0);
  #heldFrom = 0;
  /** Bytes that have been given out, or masked. */
  #given = 0;
  /** What secrets cover, and may be covered further; ascending, with gaps between them. */
  #covered: { start: number; end: number }[] = [];

  /** `onMasked` is told where, in bytes of all that was pushed, how many bytes became how many. */
  constructor(
    secrets: Iterable<string> | PatternAutomaton,
    onMasked: (at: number, length: number, masked: number) => void = () => {},
  ) {
    this.#onMasked = onMasked;
    this.#automaton = automatonOf(secrets);
  }

  /** Bytes taken in but not given out yet. */
  get heldBytes(): number {
    return this.#heldFrom + this.#held.length - this.#given;
  }

  push(chunk: Uint8Array): Uint8Array {
    const automaton = this.#automaton;
    if (automaton === null) return chunk;
    const before = this.#heldFrom + this.#held.length;
    this.#state = automaton.scan(chunk, this.#state, (end, length) => this.#cover(before + end, length));
    const data = this.#held.length === 0 ? bufferOf(chunk) : Buffer.concat([this.#held, chunk]);
    return this.#give(data, before + chunk.length - automaton.openAt(this.#state));
  }

  /** What was held back; nothing can complete it any more. */
  finish(): Uint8Array {
    this.#state = 0;
    return this.#give(this.#held, this.#heldFrom + this.#held.length);
  }

  /** A whole text at once, for messages and names (`nameText`). */
  maskText(text: string): string {
    if (this.#automaton === null) return text;
    const bytes = nameBytes(text);
    let found = false;
    this.#automaton.scan(bytes, 0, () => {
      found = true;
    });
    if (!found) return text;
    const whole = new SecretMasker(this.#automaton);
    return nameText(Buffer.concat([whole.push(bytes), whole.finish()]));
  }

  #cover(end: number, length: number): void {
    let start = end - length;
    for (
      let last = this.#covered.at(-1);
      last !== undefined && last.end > start;
      last = this.#covered.at(-1)
    ) {
      start = Math.min(start, last.start);
      this.#covered.pop();
    }
    this.#covered.push({ start, end });
  }

  /** Gives out what no pattern that ends later can cover: all before `until`, but for a secret that reaches over it. */
  #give(data: Buffer, until: number): Uint8Array {
    const out: Buffer[] = [];
    const piece = (from: number, to: number) => {
      if (to > from) out.push(data.subarray(from - this.#heldFrom, to - this.#heldFrom));
    };
    let done = 0;
    for (const { start, end } of this.#covered) {
      if (end > until) break;
      piece(this.#given, start);
      out.push(MASK);
      this.#onMasked(start, end - start, MASK.length);
      this.#given = end;
      done++;
    }
    if (done > 0) this.#covered = this.#covered.slice(done);
    const open = this.#covered[0]?.start ?? until;
    const upTo = Math.max(this.#given, Math.min(open, until));
    piece(this.#given, upTo);
    this.#given = upTo;
    // What is covered is masked whatever comes: only that it is, is kept of it.
    const keepFrom = Math.max(this.#heldFrom, until);
    this.#held = Buffer.from(data.subarray(keepFrom - this.#heldFrom));
    this.#heldFrom = keepFrom;
    return out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function automatonOf(secrets: Iterable<string> | PatternAutomaton): PatternAutomaton | null {
  if (secrets instanceof PatternAutomaton) return secrets;
  const known = made.get(secrets);
  if (known !== undefined) return known;
  const spellings = secretSpellings(secrets);
  const automaton = spellings.length === 0 ? null : new PatternAutomaton(spellings);
  if (Array.isArray(secrets)) made.set(secrets, automaton);
  return automaton;
}
