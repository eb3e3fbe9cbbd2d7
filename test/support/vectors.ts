import { readFileSync } from 'node:fs';

/** A golden example of `test/fixtures/vectors`; its shape is checked by the test that reads it. */
export function vector<T>(name: string, parse: (value: unknown) => T): T {
  return parse(
    JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}.json`, import.meta.url), 'utf8')),
  );
}
