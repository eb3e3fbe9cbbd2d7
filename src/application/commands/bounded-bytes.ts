/** Keeps the first or the last `most` bytes of what is added, whatever the amount. */
export class BoundedBytes {
  #parts: Uint8Array[] = [];
  #length = 0;
  #overflowed = false;
  readonly #most: number;
  readonly #keep: 'first' | 'last';

  constructor(most: number, keep: 'first' | 'last') {
    this.#most = most;
    this.#keep = keep;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  add(data: Uint8Array): void {
    if (this.#keep === 'first') {
      const part = data.subarray(0, this.#most - this.#length);
      if (part.length < data.length) this.#overflowed = true;
      if (part.length > 0) this.#parts.push(part);
      this.#length += part.length;
      return;
    }
    this.#parts.push(data);
    this.#length += data.length;
    if (this.#length <= 2 * this.#most) return;
    this.#overflowed = true;
    this.#parts = [this.bytes()];
    this.#length = this.#most;
  }

  bytes(): Uint8Array {
    const all = Buffer.concat(this.#parts);
    return this.#keep === 'last' && all.length > this.#most ? all.subarray(all.length - this.#most) : all;
  }
}
