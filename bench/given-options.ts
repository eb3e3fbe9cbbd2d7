import { parseArgs } from 'node:util';
import type { z } from 'zod';

/** What was given on the command line, each option as `--name value`. Throws with a text for the user. */
export function givenOptions<S extends z.ZodObject>(schema: S, argv: readonly string[]): z.output<S> {
  const string = { type: 'string' } as const;
  const options = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, string]));
  const parsed = schema.safeParse(parseArgs({ args: [...argv], options }).values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`--${issue?.path.join('.')}: ${issue?.message}`);
}
