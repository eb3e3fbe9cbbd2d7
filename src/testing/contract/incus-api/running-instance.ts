import type { ContractRunner } from '../contract-runner.js';
import { okOf } from './outcome.js';
import { type Bench, discard, newInstance } from './subject.js';

/** One started instance for the tests of a block. */
export function runningInstance({ beforeAll, afterAll }: ContractRunner, { subject }: Bench): () => string {
  let name = '';
  beforeAll(async () => {
    const wanted = newInstance(subject());
    name = wanted.name;
    okOf(await subject().api.createInstance(subject().project, wanted));
  }, 60_000);
  afterAll(() => discard(subject(), name), 60_000);
  return () => name;
}
