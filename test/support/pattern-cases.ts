import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

/** One row of the table of the pattern language: what these patterns together match, and what else lies there. */
export interface PatternCase {
  readonly patterns: readonly string[];
  readonly matches: readonly string[];
  readonly others: readonly string[];
  /** Which of these are links, with where they lead; the others are files. */
  readonly links?: Readonly<Record<string, string>>;
  /** Those of the patterns that match none of them. */
  readonly matchNothing?: readonly string[];
  /** What it shows, for docs/patterns.md. */
  readonly says: string;
}

/** The table that every place with patterns is held to. */
export const patternCases: readonly PatternCase[] = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/fixtures/patterns.json'), 'utf8'),
);

/** Whether it holds a `!(…)`, which no extended regular expression can say. */
export const hasNegation = ({ patterns }: PatternCase) => patterns.some((pattern) => pattern.includes('!('));
