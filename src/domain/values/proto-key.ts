/**
 * Where a value has a key `__proto__` of its own, as a path; null when it has none. JSON may have one; schemas leave it out
 * without a word, and a plain assignment takes it for something else, so it is refused by name.
 */
export function protoKeyIn(value: unknown, path: readonly PropertyKey[] = []): readonly PropertyKey[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.hasOwn(value, '__proto__')) return [...path, '__proto__'];
  for (const [key, inner] of Object.entries(value)) {
    const found = protoKeyIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== null) return found;
  }
  return null;
}

export const PROTO_KEY = 'cannot be a name';
