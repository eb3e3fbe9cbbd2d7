import { z } from 'zod';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const variableName = z
  .string()
  .regex(VARIABLE, { error: 'a name is letters, digits and "_", not starting with a digit' });

/** What Linux passes on in arguments and environments ends at the first NUL. */
export const noNul = (text: string) => !text.includes('\0');
export const noNulError = { error: 'must not contain a NUL character' };

/** Variables by their names. */
export const environmentSchema = z.record(variableName, z.string().refine(noNul, noNulError));
export const secretsSchema = z.record(variableName, z.string().min(1).refine(noNul, noNulError));
