export interface LineWords {
  /** Without their quotes. The last one is being typed, and may be empty. */
  readonly words: readonly string[];
  /** The last one as it was typed. */
  readonly typed: string;
}

/** The words of the beginning of a shell line, as far as quotes go; what a shell would expand stays as it is. */
export function wordsOfLine(line: string): LineWords {
  const words: string[] = [];
  let word = '';
  let typed = '';
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote === null && /\s/.test(character)) {
      if (typed !== '') words.push(word);
      word = '';
      typed = '';
      continue;
    }
    typed += character;
    if (quote === null && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = null;
    else if (character === '\\' && quote !== "'") {
      at += 1;
      word += line.charAt(at);
      typed += line.charAt(at);
    } else word += character;
  }
  return { words: [...words, word], typed };
}

/** What bash does not replace of the word that is being typed: for it, a word ends at `=` and `:` as well. */
export function keptByBash(typed: string, breaks: string): string {
  if (/['"\\]/.test(typed)) return '';
  const last = Math.max(
    ...['=', ':'].filter((mark) => breaks.includes(mark)).map((mark) => typed.lastIndexOf(mark)),
  );
  return typed.slice(0, last + 1);
}
