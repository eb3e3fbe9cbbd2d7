import { z } from 'zod';

/** The largest that is taken where nothing else bounds a number: it stands for "all", and can be counted with. */
const MOST = Number.MAX_SAFE_INTEGER;

/** Values that are whole numbers from `least` on, by the name of the option; what is left out is not looked at. */
export interface WantedNumber {
  readonly name: string;
  readonly value: unknown;
  readonly least?: number;
  readonly most?: number;
  /** A part of one is taken as well. */
  readonly mayBePart?: boolean;
}

/** The first that is none, with what is expected; null when all are right. NaN, fractions and infinities are no whole numbers. */
export function whyNoNumber(
  wanted: readonly WantedNumber[],
): { readonly name: string; readonly message: string } | null {
  for (const { name, value, least = 0, most = MOST, mayBePart = false } of wanted) {
    if (value === undefined) continue;
    const number = z.number().min(least).max(most);
    if ((mayBePart ? number : number.int()).safeParse(value).success) continue;
    const range = most === MOST ? `from ${least} on` : `from ${least} to ${most}`;
    return {
      name,
      message: `${name}: a ${mayBePart ? '' : 'whole '}number ${range} is expected, and not ${String(value)}`,
    };
  }
  return null;
}
