import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nativePath } from '../../streams/name-bytes.js';
import { KindError } from './node-faults.js';

/** A parent may be removed by another process before its child is made. */
const TRIES = 3;

/**
 * Makes a directory and its missing parents. Not Node's own `recursive`: where a file system says of a name in a directory that
 * there is no such thing, as /proc does, that one tries for ever (Node 20).
 */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await makeAll(path, mode);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (tries === TRIES) throw await whyNone(path, error);
    }
  }
}

async function makeAll(path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      await makeOne(at, mode);
      break;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || dirname(at) === at) throw error;
      missing.unshift(at);
    }
  }
  for (const directory of missing) await makeOne(directory, mode);
}

/** What is there and has no room for another is not missing. */
async function whyNone(path: string, error: unknown): Promise<unknown> {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (await isDirectory(at)) return new KindError('io', `no directory can be made in ${at}`);
    if (dirname(at) === at) return error;
  }
}

/** Fine when it is there. */
async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(nativePath(path), { mode });
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await isDirectory(path))) return;
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(nativePath(path))).isDirectory();
  } catch {
    return false;
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
