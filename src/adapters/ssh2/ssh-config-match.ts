import type { ConfigLine } from './ssh-config-lines.js';

/** What the criteria of a `Host` or `Match` line are held against. */
export interface MatchSubject {
  readonly original: string;
  /** As far as it is known: with `HostName`. */
  readonly host: string;
  readonly user: string;
  readonly localUser: string;
  readonly tag: string;
  readonly isFinal: boolean;
  /** Runs the command of `Match exec`; `null` where none may be run. */
  readonly exec: ((command: string) => Promise<boolean>) | null;
}

/** Whether all criteria of a `Match` line are met. Throws for one that cannot be judged. */
export async function matchMatches(line: ConfigLine, subject: MatchSubject): Promise<boolean> {
  const words = [...line.words];
  if (words.length === 0) throw new Error(`${line.at}: Match without criteria`);
  for (let next = words.shift(); next !== undefined; next = words.shift()) {
    // As in `host=build`; a value may have a "=" of its own.
    const [, word = next, attached] = /^(!?[a-z]+)=(.*)$/is.exec(next) ?? [];
    if (attached !== undefined && attached !== '') words.unshift(attached);
    const isNegated = word.startsWith('!');
    const name = word.slice(isNegated ? 1 : 0).toLowerCase();
    const judge = Object.hasOwn(CRITERIA, name) ? CRITERIA[name] : undefined;
    if (judge === undefined) throw new Error(`${line.at}: Match ${name} cannot be judged here`);
    const value = ALONE.includes(name) ? '' : takeValue(words);
    if (value === undefined) throw new Error(`${line.at}: Match ${name} without a value`);
    try {
      if ((await judge(subject, value)) === isNegated) return false;
    } catch (error) {
      throw new Error(`${line.at}: ${(error as Error).message}`);
    }
  }
  return true;
}

/** The next word; a "=" of its own, or before it, is no part of it. */
function takeValue(words: string[]): string | undefined {
  const [word] = words.splice(0, 1);
  if (word === '=') return words.shift();
  return word?.startsWith('=') ? word.slice(1) : word;
}

type Judge = (subject: MatchSubject, value: string) => boolean | Promise<boolean>;

/** Criteria that take no value. */
const ALONE = ['all', 'canonical', 'final'];

const CRITERIA: Readonly<Record<string, Judge>> = {
  all: () => true,
  canonical: ({ isFinal }) => isFinal,
  final: ({ isFinal }) => isFinal,
  host: ({ host }, value) => listMatches(value.toLowerCase().split(','), host.toLowerCase()),
  originalhost: ({ original }, value) => listMatches(value.toLowerCase().split(','), original.toLowerCase()),
  user: ({ user }, value) => listMatches(value.split(','), user),
  localuser: ({ localUser }, value) => listMatches(value.split(','), localUser),
  tagged: ({ tag }, value) => listMatches(value.split(','), tag),
  exec: ({ exec }, value) => {
    if (exec === null) throw new Error('Match exec: no command may be run here');
    return exec(value);
  },
};

/** A list of patterns with `*` and `?`, of which one that is negated and matches outweighs the others (ssh_config(5), PATTERNS). */
export function listMatches(patterns: readonly string[], text: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const isNegated = pattern.startsWith('!');
    if (!patternMatches(isNegated ? pattern.slice(1) : pattern, text)) continue;
    if (isNegated) return false;
    matched = true;
  }
  return matched;
}

/** In a time of at most the product of both lengths, whatever the pattern: a regular expression may take for ever. */
function patternMatches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let read = 0; read < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      taken = read;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[read])) {
      at += 1;
      read += 1;
    } else if (star !== -1) {
      at = star + 1;
      read = ++taken;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
