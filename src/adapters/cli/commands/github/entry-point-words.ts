import { err, ok, type Result } from 'neverthrow';

/**
 * The runner has cut the text of a step's arguments at each space, and leaves it to the hooks to put it together and to read it as a shell
 * does (`ContainerHookManager.cs`, `Split(' ')`; `packages/docker/src/utils.ts`, `shlex.split`): paths with spaces are in quotes.
 */
export function entryPointWords(args: readonly string[]): Result<readonly string[], string> {
  const text = args.join(' ');
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    const next = text[at + 1];
    if (quote === "'") {
      if (char === "'") quote = null;
      else word += char;
    } else if (char === '\\') {
      if (next === undefined) return err('the arguments of the step end in a backslash');
      // In double quotes only these two lose their meaning by it.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? char + next : next);
      at++;
    } else if (quote === '"') {
      if (char === '"') quote = null;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote !== null) return err(`the arguments of the step have a ${quote} without its other one`);
  return ok(word === null ? words : [...words, word]);
}
