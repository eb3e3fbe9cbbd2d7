/** The one place where data becomes shell text: POSIX single quotes (XCU 2.2.2), in which nothing but the quote itself is special. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_/.,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One command line of quoted words. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
