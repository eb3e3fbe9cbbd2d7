/** States whose transitions are written out whole: all of the automaton of a few secrets, and the busiest of one of thousands. */
const WRITTEN_OUT = 1024;
const BYTES = 256;

/** Told of each place at which patterns end: `end` counts from the scan's first byte, `length` is that of the longest that ends there. */
export type OnFound = (end: number, length: number) => void;

/**
 * Finds any number of byte patterns in one pass over a stream (Aho and Corasick, "Efficient string matching", 1975). The work is
 * linear in the bytes, however many patterns there are. A state is a number; 0 is where a stream begins.
 */
export class PatternAutomaton {
  readonly #children: ByteMap;
  /** By state: where it goes on when no child fits. States are numbered by their depth, so each is less than its state. */
  readonly #fallback: Int32Array;
  /** By state: the longest pattern that ends in it, or 0. */
  readonly #found: Int32Array;
  /** By state: how many of the last bytes may be the beginning of a pattern that is not over yet. */
  readonly #open: Int32Array;
  readonly #table: Int32Array;
  readonly #writtenOut: number;

  constructor(patterns: readonly Buffer[]) {
    const trie = new ByteMap(patterns.reduce((sum, { length }) => sum + length, 0));
    const { depths, ends, edges } = layered(patterns, trie);
    const states = depths.length;
    this.#children = trie;
    this.#fallback = new Int32Array(states);
    this.#found = ends;
    this.#open = new Int32Array(states);
    this.#writtenOut = Math.min(states, WRITTEN_OUT);
    this.#table = new Int32Array(this.#writtenOut * BYTES);
    const hasChildren = new Uint8Array(states);
    for (let at = 0; at < edges.length; at += 2) hasChildren[edges[at] ?? 0] = 1;
    // In the order of depth: what a state falls back to is ready before it.
    let at = 0;
    for (let state = 0; state < states; state++) {
      const fallback = this.#fallback[state] ?? 0;
      if (state > 0) this.#found[state] = Math.max(this.#found[state] ?? 0, this.#found[fallback] ?? 0);
      this.#open[state] = hasChildren[state] === 1 ? (depths[state] ?? 0) : (this.#open[fallback] ?? 0);
      const row = state * BYTES;
      const written = state < this.#writtenOut;
      if (written && state > 0) this.#table.copyWithin(row, fallback * BYTES, (fallback + 1) * BYTES);
      for (; at < edges.length && edges[at] === state; at += 2) {
        const edge = edges[at + 1] ?? 0;
        const [byte, child] = [edge & 0xff, trie.get(state, edge & 0xff)];
        this.#fallback[child] = state === 0 ? 0 : this.#next(fallback, byte);
        if (written) this.#table[row + byte] = child;
      }
    }
  }

  /** How many of the last bytes may be the beginning of a pattern that is not over yet. */
  openAt(state: number): number {
    return this.#open[state] ?? 0;
  }

  /** Goes on from a state; answers with the one behind the last byte. */
  scan(bytes: Uint8Array, from: number, onFound: OnFound): number {
    const [table, found, written] = [this.#table, this.#found, this.#writtenOut];
    let state = from;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      state = state < written ? (table[state * BYTES + byte] as number) : this.#next(state, byte);
      const length = found[state] as number;
      if (length > 0) onFound(at + 1, length);
    }
    return state;
  }

  #next(from: number, byte: number): number {
    let state = from;
    while (state >= this.#writtenOut) {
      const child = this.#children.get(state, byte);
      if (child !== 0) return child;
      state = this.#fallback[state] ?? 0;
    }
    return this.#table[state * BYTES + byte] ?? 0;
  }
}

interface Layers {
  readonly depths: readonly number[];
  readonly ends: Int32Array;
  /** Pairs of a state and a byte that leads on from it, in the order of the states. */
  readonly edges: readonly number[];
}

/** Puts the patterns into a trie, one byte of all of them after the other, so that states are numbered by their depth. */
function layered(patterns: readonly Buffer[], trie: ByteMap): Layers {
  const depths = [0];
  const ended: [state: number, length: number][] = [];
  const edges: number[] = [];
  let open = patterns.filter(({ length }) => length > 0).map((bytes) => ({ bytes, state: 0 }));
  for (let depth = 0; open.length > 0; depth++) {
    open.sort((a, b) => a.state - b.state);
    for (const one of open) {
      const byte = one.bytes[depth] ?? 0;
      let child = trie.get(one.state, byte);
      if (child === 0) {
        child = depths.push(depth + 1) - 1;
        trie.set(one.state, byte, child);
        edges.push(one.state, byte);
      }
      one.state = child;
      if (one.bytes.length === depth + 1) ended.push([child, depth + 1]);
    }
    open = open.filter(({ bytes }) => bytes.length > depth + 1);
  }
  const ends = new Int32Array(depths.length);
  for (const [state, length] of ended) ends[state] = length;
  return { depths, ends, edges };
}

/** (state, byte) → state, open addressing; 0 is none. A Map of numbers takes five times the memory. */
class ByteMap {
  readonly #keys: Float64Array;
  readonly #values: Int32Array;
  readonly #mask: number;

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, most * 1.5)));
    this.#keys = new Float64Array(size).fill(-1);
    this.#values = new Int32Array(size);
    this.#mask = size - 1;
  }

  get(state: number, byte: number): number {
    const slot = this.#slot(state, byte);
    return this.#values[slot] ?? 0;
  }

  set(state: number, byte: number, value: number): void {
    const slot = this.#slot(state, byte);
    this.#keys[slot] = state * BYTES + byte;
    this.#values[slot] = value;
  }

  #slot(state: number, byte: number): number {
    const key = state * BYTES + byte;
    let slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(byte + 1, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (this.#keys[slot] !== -1 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }
}
