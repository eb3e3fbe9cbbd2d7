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
  const words = line.words.flatMap((word) => /^(!?[a-z]+)=(.*)$/i.exec(word)?.slice(1) ?? [word]);
  if (words.length === 0) throw new Error(`${line.at}: Match without criteria`);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    const isNegated = word.startsWith('!');
    const name = word.slice(isNegated ? 1 : 0).toLowerCase();
    const judge = CRITERIA[name];
    if (judge === undefined) throw new Error(`${line.at}: Match ${name} cannot be judged here`);
    const value = ALONE.includes(name) ? '' : words[++at];
    if (value === undefined) throw new Error(`${line.at}: Match ${name} without a value`);
    try {
      if ((await judge(subject, value)) === isNegated) return false;
    } catch (error) {
      throw new Error(`${line.at}: ${(error as Error).message}`);
    }
  }
  return true;
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

function patternMatches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/\*+/g, '*')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
