import { Automaton } from './automaton.js';
import { expandBraces } from './braces.js';
import { choice, type Glob, parseGlob } from './pattern-syntax.js';

/** No file system of Linux has a longer name; one that a hostile machine tells matches nothing. In UTF-16 units. */
const LONGEST_NAME = 1024;

/** A pattern of the one language that filters, inputs and artifacts are written in (docs/patterns.md), without its `!`. */
export class Pattern {
  readonly glob: Glob;
  /** Directories below which all lies that it matches, or what it matches itself; empty for the top. */
  readonly roots: readonly string[];
  readonly #automaton: Automaton;

  /** Relative. One for which `whyNoPattern` has a reason matches nothing. */
  constructor(text: string) {
    const options = (expandBraces(text) ?? []).map(normalised);
    this.glob = choice(options.map((option) => parseGlob(option.parts.join('/'), option.isDirectory)));
    this.roots = [...new Set(options.map(({ parts }) => literalBase(parts)))];
    this.#automaton = new Automaton(this.glob);
  }

  /** A relative path as the file systems have it: no `.`, no slash at either end. */
  matches(path: string): boolean {
    if (path.length > LONGEST_NAME && path.split('/').some((name) => name.length > LONGEST_NAME))
      return false;
    return this.#automaton.matches(path);
  }

  /** Whether it matches all that lies below a directory, whatever it is called. Also false where that is so without being plain. */
  matchesAllBelow(directory: string): boolean {
    return this.#automaton.matchesAllBelow(directory);
  }
}

/** Why a text is no pattern; null when it is one. */
export function whyNoPattern(text: string): string | null {
  const expanded = expandBraces(text);
  if (expanded === null) return 'its "{…}" stand for too many patterns';
  if (expanded.length > 0 && depthOfNot(new Pattern(text).glob) > 1)
    return 'must not hold a "!(…)" inside of another';
  return null;
}

function normalised(text: string): { readonly parts: readonly string[]; readonly isDirectory: boolean } {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  return {
    parts: parts.filter((part, index) => !(isAnyDepth(part) && isAnyDepth(parts[index - 1] ?? ''))),
    isDirectory: text.endsWith('/') || text.endsWith('/.'),
  };
}

const isAnyDepth = (part: string) => /^\*{2,}$/.test(part);

/** The components before the first one that is more than a name. */
function literalBase(parts: readonly string[]): string {
  const first = parts.findIndex((part) => /[*?[]|[+@!]\(/.test(part.replace(/\\./gsu, '')));
  const literal = first === -1 ? parts : parts.slice(0, first);
  return literal.map((part) => part.replace(/\\(.)/gsu, '$1')).join('/');
}

function depthOfNot(glob: Glob): number {
  switch (glob.kind) {
    case 'sequence':
      return Math.max(0, ...glob.parts.map(depthOfNot));
    case 'choice':
      return Math.max(0, ...glob.options.map(depthOfNot));
    case 'repeat':
      return depthOfNot(glob.body);
    case 'not':
      return 1 + depthOfNot(glob.body);
    default:
      return 0;
  }
}
