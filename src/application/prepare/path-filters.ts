import picomatch from 'picomatch';

/** Whether a path of the workspace matches one of the globs. Names that begin with a dot match as well. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const plain = (path: string) => path.replace(/^(?:\.\/)+/, '');
  // `s`: a name may hold a newline.
  const matchers = patterns.map((pattern) => picomatch(plain(pattern), { dot: true, flags: 's' }));
  return (path) => matchers.some((matches) => matches(plain(path)));
}

/** True when the filters leave nothing to do: they are given, it is known what has changed, and none of that matches. */
export function filteredOut(
  filters: readonly string[],
  changedFiles: readonly string[] | undefined,
): boolean {
  if (filters.length === 0 || changedFiles === undefined) return false;
  return !changedFiles.some(pathMatcher(filters));
}
