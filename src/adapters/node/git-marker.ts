import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Whether the directory or one above it holds a `.git`: where git itself is missing, its ignore rules would be lost in silence. */
export async function isBelowGitDirectory(directory: string): Promise<boolean> {
  try {
    await lstat(join(directory, '.git'));
    return true;
  } catch {
    const parent = dirname(directory);
    return parent !== directory && isBelowGitDirectory(parent);
  }
}
