import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ContractRunner } from '../../src/testing/contract/contract-runner.js';

/** The contract suites under vitest. */
export const vitestRunner: ContractRunner = {
  describe: (name, body) => describe(name, body),
  it: (name, body, timeoutMs) => it(name, async () => body(), timeoutMs),
  beforeAll: (body, timeoutMs) => beforeAll(async () => body(), timeoutMs),
  afterAll: (body, timeoutMs) => afterAll(async () => body(), timeoutMs),
};
