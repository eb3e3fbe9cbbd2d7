interface Reading {
  length: number;
  parts: Uint8Array[];
  isRefused: boolean;
}

/**
 * Reads the bodies of requests that have proved nothing yet, however many come at once, within a bound for all of them. Where it is reached, the
 * longest gives way: who sends much, or slowly, keeps nobody's short one out.
 */
export class HeldBodies {
  readonly #most: { readonly largest: number; readonly all: number };
  readonly #readings = new Set<Reading>();
  #held = 0;

  /** In bytes: of one, and of all. */
  constructor(most: { readonly largest: number; readonly all: number }) {
    this.#most = most;
  }

  /** What comes behind a bound is not read. `said` is the length that the request gives, 0 for none. */
  async read(
    body: AsyncIterable<Uint8Array> | null,
    said: number,
  ): Promise<Buffer | 'too_large' | 'crowded' | 'cut'> {
    if (said > this.#most.largest) return 'too_large';
    const reading: Reading = { length: 0, parts: [], isRefused: false };
    this.#readings.add(reading);
    try {
      for await (const part of body ?? []) {
        if (reading.isRefused) return 'crowded';
        if (reading.length + part.length > this.#most.largest) return 'too_large';
        reading.parts.push(part);
        reading.length += part.length;
        this.#held += part.length;
        while (this.#held > this.#most.all) this.#refuseLongest();
      }
      return reading.isRefused ? 'crowded' : Buffer.concat(reading.parts);
    } catch {
      // The client is gone, or took too long; that is no fault of the server's.
      return 'cut';
    } finally {
      this.#letGo(reading);
    }
  }

  #refuseLongest(): void {
    let longest: Reading | null = null;
    for (const one of this.#readings) if (longest === null || one.length > longest.length) longest = one;
    if (longest === null) return;
    longest.isRefused = true;
    this.#letGo(longest);
  }

  #letGo(reading: Reading): void {
    if (!this.#readings.delete(reading)) return;
    this.#held -= reading.length;
    reading.parts = [];
  }
}
