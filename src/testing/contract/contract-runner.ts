/**
 * What the contract suites need of a test runner: those of vitest and jest fit as they are. Expectations are node:assert's.
 * `timeoutMs` is the bound of one test or hook; a runner without it may ignore it.
 */
export interface ContractRunner {
  /** A group of tests. */
  describe(name: string, body: () => void): unknown;
  /** One test. */
  it(name: string, body: () => Promise<void> | void, timeoutMs?: number): unknown;
  /** Runs once, before the tests of its group. */
  beforeAll(body: () => Promise<void> | void, timeoutMs?: number): unknown;
  /** Runs once, after the tests of its group. */
  afterAll(body: () => Promise<void> | void, timeoutMs?: number): unknown;
}

/** For suites that make what they need in each test; node:test fits these, too. */
export type SuiteRunner = Pick<ContractRunner, 'describe' | 'it'>;
