/** What runs a command unless its caller or its first line says: it stops at the first line that fails. */
export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-e'];
/** What a request means that names no shell, and what recorded commands without one were run by: a failing line is passed over. */
export const OLD_SHELL: readonly string[] = ['/bin/sh'];

const WORDS_OF_NAMES: Readonly<Record<string, readonly string[]>> = { bash: ['bash', '-eo', 'pipefail'] };

/** `"bash"` means `bash -eo pipefail`; any other text is split at its spaces. */
export function shellWords(text: string): readonly string[] {
  return WORDS_OF_NAMES[text] ?? text.split(/[ \t]+/).filter((word) => word !== '');
}

/** The words in front of the file with the command: what is asked for, then its `#!` line (read as Linux does), then the default. */
export function shellOf(command: string, asked: readonly string[] | undefined): string[] {
  if (asked !== undefined) return [...asked];
  const [, program, argument] = /^#![ \t]*([^\s\0]+)[ \t]*([^\n]*)/.exec(command) ?? [];
  if (program === undefined) return [...DEFAULT_SHELL];
  return argument === undefined || argument.trim() === '' ? [program] : [program, argument.trim()];
}

/** What a request has to say of the shell: nothing where the old one does the same, so that plain jobs keep the plain form. */
export function shellInRequest(command: string, shell: readonly string[] | undefined): string[] | undefined {
  if (shell === undefined || same(shell, OLD_SHELL)) return undefined;
  return same(shell, DEFAULT_SHELL) && isOnePlainCommand(command) ? undefined : [...shell];
}

/** One program with words that no shell changes: there is no second command that `-e` could keep from running. */
export function isOnePlainCommand(command: string): boolean {
  const words = command.trim().split(' ');
  return /^[A-Za-z0-9_./:,@%+= -]+$/.test(command) && !words.some((word) => /^(\.|source|eval)$/.test(word));
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}
