import { err, ok, type Result } from 'neverthrow';

/** Node puts this for bytes of the environment that are not UTF-8. */
const REPLACEMENT = '\uFFFD';

/** A secret from a variable of the environment. The error is a sentence that names the variable, never its value. */
export function secretFrom(variable: string, value: string | undefined): Result<string, string> {
  const what = `the environment variable ${variable}`;
  if (value === undefined) return err(`${what} is not set`);
  if (value === '') return err(`${what} is empty`);
  return value.includes(REPLACEMENT)
    ? err(`${what} holds bytes that are not UTF-8, and would be changed`)
    : ok(value);
}
