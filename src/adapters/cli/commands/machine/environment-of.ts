/** `NAME=value` words as an environment; null when one has no name. What a name may be is checked where it is used. */
export function environmentOf(words: readonly string[]): Record<string, string> | null {
  const entries: [string, string][] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) return null;
    entries.push([word.slice(0, at), word.slice(at + 1)]);
  }
  // Not by assignment, for which one name means something else.
  return Object.fromEntries(entries);
}
