import { z } from 'zod';
import { plain, plainText } from './text.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const variableName = z
  .string()
  .regex(VARIABLE, { error: 'a name is letters, digits and "_", not starting with a digit' });

/** Linux takes no longer entry: `NAME=value` and the NUL behind it, in bytes. */
const LONGEST_ENTRY = 131_072;
/** Of all entries together: the kernel bounds arguments and environment as one, and the shell and its words have to fit as well. */
const LONGEST_ENVIRONMENT = 1_048_576;
/** Each is a file of that name. */
const LONGEST_SECRET_NAME = 200;

function entryBytes([name, value]: readonly [string, string]): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
}

/** What variables take of a machine's bound, in bytes. */
export function environmentBytes(environment: Readonly<Record<string, string>>): number {
  return Object.entries(environment).reduce((sum, entry) => sum + entryBytes(entry), 0);
}

/** Why variables do not fit into the environment of a program; null when they do. `beside` is what others take of it, in bytes. */
export function whyTooLong(environment: Readonly<Record<string, string>>, beside = 0): string | null {
  const bytes = environmentBytes(environment) + beside;
  return bytes <= LONGEST_ENVIRONMENT
    ? null
    : `all variables together have ${bytes} bytes; ${LONGEST_ENVIRONMENT} is the most`;
}

/** Variables by their names. */
export const environmentSchema = z.record(variableName, plainText).superRefine((environment, context) => {
  for (const entry of Object.entries(environment)) {
    const bytes = entryBytes(entry);
    if (bytes <= LONGEST_ENTRY) continue;
    const message = `has ${bytes} bytes with its name; ${LONGEST_ENTRY} is the most that Linux allows`;
    context.addIssue({ code: 'custom', path: [entry[0]], message });
  }
  const message = whyTooLong(environment);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

/** Adds to the values of secrets what holds of their names. */
export function namedSecrets<T extends z.ZodType<string | object>>(value: T) {
  const name = variableName.max(LONGEST_SECRET_NAME, {
    error: `the name of a secret has at most ${LONGEST_SECRET_NAME} characters`,
  });
  return z.record(name, value);
}

export const secretsSchema = namedSecrets(plain(z.string().min(1)));
