import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ContractRunner } from '../../src/testing/contract/contract-runner.js';

/** Vitest, as the contract suites want their runner. */
export const vitestRunner: ContractRunner = {
  describe: (name, body) => void describe(name, body),
  it: (name, body, timeoutMs) => void it(name, body, timeoutMs),
  beforeAll: (body, timeoutMs) => beforeAll(async () => void (await body()), timeoutMs),
  afterAll: (body, timeoutMs) => afterAll(async () => void (await body()), timeoutMs),
};
