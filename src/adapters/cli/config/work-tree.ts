import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * The topmost folder that holds a `.git`, of the directory itself and those above it as the path is written; null when there is none.
 * Git is not asked: it can be missing, or refuse to answer. Not the nearest: whoever commits to the outer repository says where the inner one lies.
 */
export async function topOfWorkTree(directory: string): Promise<string | null> {
  const parent = dirname(directory);
  const above = parent === directory ? null : await topOfWorkTree(parent);
  if (above !== null) return above;
  const marker = await lstat(join(directory, '.git')).catch(() => null);
  return marker === null ? null : directory;
}

/** The first link that a path goes through below the top of the work tree around it, and so one that a commit can hold; null when there is none. The path itself counts. */
export async function linkInWorkTree(path: string): Promise<string | null> {
  const top = await topOfWorkTree(dirname(path));
  return top === null ? null : firstLink(path, top);
}

async function firstLink(path: string, top: string): Promise<string | null> {
  if (path === top) return null;
  const above = await firstLink(dirname(path), top);
  return above ?? ((await isLink(path)) ? path : null);
}

export async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

/** Where a path leads to; what is not there yet stays as it is written. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPath(parent), basename(path));
  }
}
