import { Pattern } from './pattern.js';

/** Whether a pattern takes away from what others ask for. `!(a|b)` is a pattern like any other, and `\!name` is a name. */
export function isExclusion(pattern: string): boolean {
  return pattern.startsWith('!') && !pattern.startsWith('!(');
}

/** Patterns together: what one of them asks for and none takes away, in whatever order they stand. */
export class PatternList {
  readonly wanted: readonly { readonly text: string; readonly pattern: Pattern }[];
  readonly unwanted: readonly Pattern[];

  /** Relative patterns, those with a `!` in front taking away. A list that only takes away begins with everything. */
  constructor(patterns: readonly string[]) {
    const wanted = patterns.filter((pattern) => !isExclusion(pattern));
    const unwanted = patterns.filter(isExclusion).map((pattern) => pattern.slice(1));
    const all = wanted.length === 0 && unwanted.length > 0 ? ['**'] : wanted;
    this.wanted = all.map((text) => ({ text, pattern: new Pattern(text) }));
    this.unwanted = unwanted.map((text) => new Pattern(text));
  }

  /** A path relative to where the patterns are. */
  matches(path: string): boolean {
    return this.wanted.some(({ pattern }) => pattern.matches(path)) && !this.takesAway(path);
  }

  takesAway(path: string): boolean {
    return this.unwanted.some((pattern) => pattern.matches(path));
  }

  /** Whether all that lies below a directory is matched, whatever it is called: then nobody has to look. */
  matchesAllBelow(directory: string): boolean {
    return (
      this.wanted.some(({ pattern }) => pattern.matchesAllBelow(directory)) &&
      !this.unwanted.some(({ roots }) => roots.some((root) => isSameOrBelow(root, directory)))
    );
  }
}

/** Whether one of the two lies in the other; all lies below the top, which is empty. */
function isSameOrBelow(one: string, other: string): boolean {
  return one === '' || one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** Chooses among paths, and remembers which patterns none of them matched. */
export class MatchTally {
  readonly #list: PatternList;
  readonly #unmatched: Set<PatternList['wanted'][number]>;

  constructor(list: PatternList) {
    this.#list = list;
    this.#unmatched = new Set(list.wanted);
  }

  /** Whether the list asks for this path. */
  matches(path: string): boolean {
    if (!this.#list.matches(path)) return false;
    for (const one of this.#unmatched) if (one.pattern.matches(path)) this.#unmatched.delete(one);
    return true;
  }

  /** As they were written. What others take away again counts as not matched. */
  get unmatched(): readonly string[] {
    return [...this.#unmatched].map(({ text }) => text);
  }
}
