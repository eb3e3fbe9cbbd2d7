/**
 * Why a value cannot be read as it was meant: it, or something in it, has a key `__proto__` of its own, which schemas leave out without
 * a word. Null when there is none. JSON and `Object.fromEntries` make such keys.
 */
export function whyNoKey(value: unknown, path: readonly PropertyKey[] = []): KeyProblem | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.hasOwn(value, PROTO)) return { path: [...path, PROTO], message: NO_PROTO };
  for (const [key, inner] of Object.entries(value)) {
    const found = whyNoKey(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== null) return found;
  }
  return null;
}

export interface KeyProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export const PROTO = '__proto__';
export const NO_PROTO = 'cannot be a name';
