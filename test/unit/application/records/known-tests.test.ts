import { expect, test } from 'vitest';
import { KnownTests } from '../../../../src/application/records/known-tests.js';

test('a run that has a new name for each of 200,000 tests does not keep out those of the others', () => {
  const known = new KnownTests<string>();
  const add = (name: string) => known.of(name, () => name);
  known.nextRun();
  for (let index = 0; index < 200_000; index++) add(`new ${index}`);
  known.nextRun();
  for (let index = 0; index < 10_000; index++) expect(add(`old ${index}`)).not.toBeNull();
  expect(known.leftOut).toBe(100_000);
  // It was left out of a newer run: told from here on, it would be told wrong.
  expect(add('new 199999')).toBeNull();
  expect(add('new 1')).toBe('new 1');
  for (let run = 0; run < 30; run++) {
    known.nextRun();
    for (let index = 0; index < 20_000; index++) add(`${run} ${index}`);
  }
  expect([...known.values()].length).toBeLessThanOrEqual(200_000);
});
