/** Rules for paths that come from outside. Pure string work: what a path leads to on a host is checked there, after `realpath`. */

/** C0, DEL and C1: a terminal may obey the last as well. */
const CONTROL = /\p{Cc}/u;

export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}

/** Absolute, with no empty, `.` or `..` component and no slash at the end (`/` itself is normalised). */
export function isNormalisedAbsolutePath(path: string): boolean {
  if (hasControlCharacter(path)) return false;
  if (path === '/') return true;
  if (!path.startsWith('/')) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

/** True when `inner` is `outer` or lies below it. Both absolute and normalised. */
export function isWithin(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

/** Joins a normalised root and a relative path of which `.` and empty components are dropped. */
export function joinBelow(root: string, relative: string): string {
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 ? root : `${root === '/' ? '' : root}/${parts.join('/')}`;
}
