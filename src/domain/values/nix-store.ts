import { isWithin, joinBelow } from './path-rules.js';

export const NIX_STORE = '/nix/store';

/** Where the paths of a store are. A store in a directory of its own (`--store DIR`) has them below that. */
export function physicalPath(store: string | undefined, path: string): string {
  return store?.startsWith('/') === true ? joinBelow(store, path) : path;
}

/** The store path, as Nix calls it, that a path on the host is or lies in; null when it is in no store. */
export function storePathOf(store: string | undefined, path: string): string | null {
  const root = physicalPath(store, NIX_STORE);
  if (path === root || !isWithin(root, path)) return null;
  const [name = ''] = path.slice(root.length + 1).split('/');
  return `${NIX_STORE}/${name}`;
}
