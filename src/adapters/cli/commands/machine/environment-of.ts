/** `NAME=value` words as an environment; null when one has no name. What a name may be is checked where it is used. */
export function environmentOf(words: readonly string[]): Record<string, string> | null {
  const env: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) return null;
    env[word.slice(0, at)] = word.slice(at + 1);
  }
  return env;
}
