import { type CliContext, complain } from '../../session/cli-context.js';

/** The words of a command; null after it was said that there are none. As in ssh, docker and kubectl: what ends the options is no word of it. */
export function commandOf(
  context: CliContext,
  words: readonly string[],
): readonly [string, ...string[]] | null {
  const [first, ...rest] = words[0] === '--' ? words.slice(1) : words;
  if (first !== undefined) return [first, ...rest];
  complain(context, 'a command is expected behind "--"');
  return null;
}
