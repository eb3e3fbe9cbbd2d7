const LONGEST = 300;

/** What a part of the SDK says: its name comes first, and then what there is to say, where there is anything. A collector may have worded it. */
export function troubleOf(first: string, ...rest: readonly unknown[]): string {
  const said = rest.flatMap((one) =>
    one instanceof Error ? [one.message] : typeof one === 'string' ? [one] : [],
  );
  const text = said.length === 0 ? first : said.join(' ');
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}
