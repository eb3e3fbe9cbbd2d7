/**
 * The few functions of a test runner that a contract suite needs: those of vitest, of node:test or of jest fit as they are.
 * Expectations are node:assert's.
 */
export interface ContractRunner {
  describe(name: string, define: () => void): unknown;
  it(name: string, run: () => Promise<void>): unknown;
}

/** Something that was made for one test, with what takes it away again. */
export interface Fixture extends AsyncDisposable {}

/** A runner's `it` with a fixture that lives for the test. */
export function withFixture<F extends Fixture>(runner: ContractRunner, make: () => Promise<F>) {
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
