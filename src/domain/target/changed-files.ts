const ESCAPES: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  t: 0x09,
  n: 0x0a,
  v: 0x0b,
  f: 0x0c,
  r: 0x0d,
  '"': 0x22,
  '\\': 0x5c,
};

/**
 * A list of changed files as `git diff --name-only` prints it: with NUL between them (`-z`), or one a line, in which git puts odd names in
 * quotes as C does: `"caf\303\251"`. Bytes that are not UTF-8 become U+FFFD, which every wildcard matches.
 */
export function parseChangedFiles(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString('utf8');
  if (text.includes('\0')) return text.split('\0').filter((path) => path !== '');
  return text
    .split('\n')
    .map((line) => unquoted(line.replace(/\r$/, '')))
    .filter((path) => path !== '');
}

function unquoted(line: string): string {
  const [, quoted] = /^"((?:[^"\\]|\\(?:[abtnvfr"\\]|[0-3][0-7]{2}))*)"$/u.exec(line) ?? [];
  if (quoted === undefined) return line;
  const parts = [...quoted.matchAll(/\\([0-3][0-7]{2})|\\(.)|[^\\]+/gu)].map(([whole, octal, letter]) => {
    if (octal !== undefined) return Buffer.of(Number.parseInt(octal, 8));
    return letter === undefined ? Buffer.from(whole) : Buffer.of(ESCAPES[letter] ?? 0);
  });
  return Buffer.concat(parts).toString('utf8');
}
