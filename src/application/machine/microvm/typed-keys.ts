/** Input that comes as it is typed: each piece waits until its reader has taken it. One reader. */
export class TypedKeys implements AsyncIterable<Uint8Array> {
  readonly #waiting: { readonly data: Uint8Array; readonly taken: (was: boolean) => void }[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  /** True once the reader has taken it; false when the input has ended. */
  type(data: Uint8Array): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    const taken = new Promise<boolean>((resolve) => {
      this.#waiting.push({ data, taken: resolve });
    });
    this.#wake?.();
    return taken;
  }

  end(): void {
    this.#ended = true;
    for (const { taken } of this.#waiting.splice(0)) taken(false);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    while (!this.#ended) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      next.taken(true);
      yield next.data;
    }
  }
}
