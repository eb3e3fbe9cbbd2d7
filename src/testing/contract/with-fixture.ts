import type { SuiteRunner } from './contract-runner.js';

/** Something that was made for one test, with what takes it away again. */
export interface Fixture extends AsyncDisposable {}

/** A runner's `it` with a fixture that lives for the test. */
export function withFixture<F extends Fixture>(runner: SuiteRunner, make: () => Promise<F>) {
  return (title: string, run: (fixture: F) => Promise<void>) =>
    runner.it(title, async () => {
      const fixture = await make();
      try {
        await run(fixture);
      } finally {
        await fixture[Symbol.asyncDispose]();
      }
    });
}
