import { z } from 'zod';

/** What Linux passes on in arguments and environments ends at the first NUL. */
const noNul = (text: string) => !text.includes('\0');

/** Half of a surrogate pair has no form in UTF-8, so it would reach the machine as something else. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Cs}/u.test(text);
}

export const LONE_SURROGATE = 'must not hold half of a surrogate pair, which is no character';

/** Adds to a text what holds of all that reaches a program or a file of a machine as it was written. */
export function plain(text: z.ZodString): z.ZodString {
  return text
    .refine(noNul, { error: 'must not contain a NUL character' })
    .refine((value) => !hasLoneSurrogate(value), { error: LONE_SURROGATE });
}

export const plainText = plain(z.string());
