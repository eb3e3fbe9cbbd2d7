import { PatternList } from '../../domain/patterns/pattern-list.js';
import { exclusion } from './exclusion.js';

/** What is no part of a workspace; paths are relative to its top. */
export interface LeftOut {
  isOut(path: string): boolean;
  /** Whether nothing below the directory can be a part of it, so that nobody has to look there. */
  isAllOut(directory: string): boolean;
}

/** By names and places, as `exclusion` takes them, and by patterns of docs/patterns.md. No pattern leaves nothing out. */
export function leftOut(exclude: readonly string[], patterns: readonly string[]): LeftOut {
  const isExcluded = exclusion(exclude);
  if (patterns.length === 0) return { isOut: isExcluded, isAllOut: isExcluded };
  const list = new PatternList(patterns);
  return {
    isOut: (path) => isExcluded(path) || list.matches(path),
    isAllOut: (directory) => isExcluded(directory) || list.matchesAllBelow(directory),
  };
}

/** The same of what lies in a directory of the workspace, with paths relative to that. */
export function leftOutBelow({ isOut, isAllOut }: LeftOut, directory: string): LeftOut {
  return {
    isOut: (path) => isOut(`${directory}/${path}`),
    isAllOut: (path) => isAllOut(`${directory}/${path}`),
  };
}
