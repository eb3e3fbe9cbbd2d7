import { createHash } from 'node:crypto';

/** Tests that are told of; a guest may have a new name for each. */
const MOST_TESTS = 200_000;
/** Names that are remembered as left out. */
const MOST_LEFT_OUT = 1_000_000;

/**
 * Tests by name, run by run, in bounded space. A run adds names to at most half of the room that it finds: the tests of one do not keep out those
 * of all others. A name that was left out once stays so: told without that run, it would be told wrong.
 */
export class KnownTests<Test> {
  readonly #known = new Map<string, Test>();
  readonly #barred = new Set<number>();
  #room = 0;
  #leftOut = 0;

  /** Results of tests that are not told of. */
  get leftOut(): number {
    return this.#leftOut;
  }

  nextRun(): void {
    this.#room = Math.ceil((MOST_TESTS - this.#known.size) / 2);
  }

  /** Null where there is no room for it. */
  of(key: string, make: () => Test): Test | null {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const mark = this.#barred.size === 0 && this.#room > 0 ? null : markOf(key);
    if (this.#room <= 0 || (mark !== null && this.#isBarred(mark))) {
      this.#leftOut++;
      if (mark !== null && this.#barred.size < MOST_LEFT_OUT) this.#barred.add(mark);
      return null;
    }
    this.#room--;
    const test = make();
    this.#known.set(key, test);
    return test;
  }

  values(): IterableIterator<Test> {
    return this.#known.values();
  }

  /** Where not all that are left out could be remembered, any may be one. */
  #isBarred(mark: number): boolean {
    return this.#barred.size >= MOST_LEFT_OUT || this.#barred.has(mark);
  }
}

/** Of a million names two have the same in one of ten thousand cases: such a test is left out, too. */
function markOf(key: string): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6);
}
