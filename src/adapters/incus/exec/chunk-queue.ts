/** What can be held back while the reader is behind. */
export interface Source {
  pause(): void;
  resume(): void;
}

/**
 * Hands what arrives to one reader, in order. Sources are held when more than `highWater` bytes wait, and let go when the
 * reader has taken all but a quarter of that: memory is bounded by the reader's pace, not by what is sent.
 */
export class ChunkQueue<T> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  #items: T[] = [];
  #head = 0;
  #bytes = 0;
  #held = false;
  #ended = false;
  #discarding = false;
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  readonly #sources = new Set<Source>();

  constructor(
    private readonly sizeOf: (item: T) => number,
    private readonly highWater = 512 * 1024,
  ) {}

  get held(): boolean {
    return this.#held;
  }

  addSource(source: Source): void {
    this.#sources.add(source);
    if (this.#held) source.pause();
  }

  removeSource(source: Source): void {
    this.#sources.delete(source);
  }

  push(item: T): void {
    if (this.#ended || this.#discarding) return;
    const reader = this.#waiting.shift();
    if (reader) {
      reader({ value: item, done: false });
      return;
    }
    this.#items.push(item);
    this.#bytes += this.sizeOf(item);
    if (!this.#held && this.#bytes > this.highWater) {
      this.#held = true;
      for (const source of this.#sources) source.pause();
    }
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#waiting.splice(0)) reader({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#head < this.#items.length) {
      const item = this.#items[this.#head] as T;
      // A taken item must not stay reachable; the array is cut only now and then, so that taking stays cheap.
      this.#items[this.#head++] = undefined as T;
      if (this.#head === this.#items.length || this.#head > 1024) {
        this.#items = this.#items.slice(this.#head);
        this.#head = 0;
      }
      this.#bytes -= this.sizeOf(item);
      if (this.#held && this.#bytes < this.highWater / 4) this.#letGo();
      return Promise.resolve({ value: item, done: false });
    }
    if (this.#ended || this.#discarding) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The reader has seen enough: the rest is thrown away, so that the sender is not held up by nobody. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#discarding = true;
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#letGo();
    for (const reader of this.#waiting.splice(0)) reader({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #letGo(): void {
    this.#held = false;
    for (const source of this.#sources) source.resume();
  }
}
