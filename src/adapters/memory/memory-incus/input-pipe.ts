/** Standard input of a played command. A write is taken when the command has read it. */
export class InputPipe implements AsyncIterable<Uint8Array> {
  readonly #pieces: { readonly data: Uint8Array; readonly taken: (taken: boolean) => void }[] = [];
  #ended = false;
  #gone = false;
  #wake: () => void = () => undefined;

  /** `false` when nobody will read it: the input was ended, or the command has. */
  write(data: Uint8Array): Promise<boolean> {
    if (this.#ended || this.#gone) return Promise.resolve(false);
    return new Promise((taken) => {
      this.#pieces.push({ data, taken });
      this.#wake();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The command is gone. */
  close(): void {
    this.#gone = true;
    for (const { taken } of this.#pieces.splice(0)) taken(false);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        piece.taken(true);
        yield piece.data;
      } else if (this.#ended || this.#gone) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
