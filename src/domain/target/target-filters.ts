import { PatternList } from '../patterns/pattern-list.js';

/** True when the filters leave nothing to do: they are given, it is known what has changed, and none of that matches. */
export function filteredOut(
  filters: readonly string[],
  changedFiles: readonly string[] | undefined,
): boolean {
  if (filters.length === 0 || changedFiles === undefined) return false;
  const list = new PatternList(filters);
  return !changedFiles.some((path) => list.matches(normalisedPath(path)));
}

/** As the patterns read it: without a `./` in front. */
const normalisedPath = (path: string) => path.replace(/^(?:\.\/+)+/, '');
