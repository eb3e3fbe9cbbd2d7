import { type RecordedTest, TESTS_BYTES, type TestsFile } from '../../domain/records/tests-file.js';
import type { TestCase } from './read-junit.js';

/** Every test of a job, as far as a record takes them. */
export class RecordedTests {
  readonly #tests: RecordedTest[] = [];
  readonly #mask: (text: string) => string;
  #room = TESTS_BYTES;
  #leftOut = 0;

  constructor(mask: (text: string) => string) {
    this.#mask = mask;
  }

  add({ suite, name, status, timeMs, isFlaky }: TestCase): void {
    const test: RecordedTest = {
      suite: this.#mask(suite),
      name: this.#mask(name),
      status,
      ...(timeMs === null ? {} : { time_ms: timeMs }),
      ...(isFlaky ? { flaky: true } : {}),
    };
    this.#room -= Buffer.byteLength(JSON.stringify(test)) + 1;
    if (this.#room < 0) this.#leftOut++;
    else this.#tests.push(test);
  }

  file(): TestsFile {
    return { schema_version: 1, tests: this.#tests, left_out: this.#leftOut };
  }
}
