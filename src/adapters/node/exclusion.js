// @ts-check
// Plain JavaScript, as tree-hash.js is, and for the same reason.

/**
 * A pattern without a slash is the name of a file or directory at any depth; one with a slash is a place below the root
 * (`/state` is `state` at the top, and what lies in it). `.git` is always left out.
 * @param {readonly string[]} exclude
 * @returns {(path: string) => boolean} true for a relative path that is to be left out
 */
export function exclusion(exclude) {
  const names = new Set(['.git', ...exclude.filter((pattern) => !pattern.includes('/'))]);
  const places = exclude
    .filter((pattern) => pattern.includes('/'))
    .map((pattern) => pattern.replace(/^(\.?\/)+|\/+$/g, ''));
  return (path) =>
    path.split('/').some((name) => names.has(name)) ||
    places.some((place) => path === place || path.startsWith(`${place}/`));
}
