import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** `1048576`, `50GiB`, `1.5 TB`; null for anything else. */
export function parseByteSize(text: string): number | null {
  const [, number, unit] = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([kMGT]i?|Ki|)B?\s*$/.exec(text) ?? [];
  const factor = unit === undefined || !Object.hasOwn(UNITS, unit) ? undefined : UNITS[unit];
  if (number === undefined || factor === undefined) return null;
  const bytes = Math.round(Number(number) * factor);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A number of bytes, or a text such as `50GiB`. */
export const byteSizeSchema = z.union([
  z.number().int().nonnegative(),
  z.string().refine((text) => parseByteSize(text) !== null, { error: 'must be a size such as "50GiB"' }),
]);

/** Of a value that the schema has let through. */
export function bytesOf(size: z.output<typeof byteSizeSchema>): number {
  return typeof size === 'number' ? size : (parseByteSize(size) ?? 0);
}
