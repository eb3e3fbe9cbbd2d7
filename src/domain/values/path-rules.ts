import { z } from 'zod';
import { hasLoneSurrogate, LONE_SURROGATE } from './text.js';

/** Rules for paths that come from outside. Pure string work: what a path leads to on a host is checked there, after `realpath`. */

/** C0, DEL and C1: a terminal may obey the last as well. */
const CONTROL = /\p{Cc}/u;

export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}

/** Why a path is refused whatever it leads to; null when it can be one. */
export function whyNoPath(path: string): string | null {
  if (hasControlCharacter(path)) return 'must not hold control characters';
  return hasLoneSurrogate(path) ? LONE_SURROGATE : null;
}

/** For a schema that refuses a path: what cannot be in any path, else what this one has to be. */
export function pathError(wanted: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) =>
      (typeof input === 'string' ? whyNoPath(input) : null) ?? wanted,
  };
}

/** Absolute, with no empty, `.` or `..` component and no slash at the end (`/` itself is normalised). */
export function isNormalisedAbsolutePath(path: string): boolean {
  if (whyNoPath(path) !== null) return false;
  if (path === '/') return true;
  if (!path.startsWith('/')) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

/** A relative path that leads nowhere but below where it is joined to: no empty, `.` or `..` component, and no control character. Bytes that are no UTF-8 may be in it. */
export function staysBelow(path: string): boolean {
  return (
    !hasControlCharacter(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** A folder on this machine; which one is only known when it is read. */
export const workspaceSchema = z.string().min(1, { error: 'a folder is expected' });

/** True when `inner` is `outer` or lies below it. Both absolute and normalised. */
export function isWithin(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

/** Joins a normalised root and a relative path of which `.` and empty components are dropped. */
export function joinBelow(root: string, relative: string): string {
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 ? root : `${root === '/' ? '' : root}/${parts.join('/')}`;
}
