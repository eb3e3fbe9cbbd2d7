import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { isWithin } from '../../../../domain/values/path-rules.js';

/**
 * The directory of the host that is not where it says, null when each is. What jobs may write into lasts from one to the next: one that puts
 * a link in the place of `_work/_tool` would have the next job get the runner's own files instead, which hold its registration and what
 * it runs on the host. What an administrator has put above the directories that jobs write into may be a link.
 */
export async function plantedLink(
  sources: readonly string[],
  /** Directories of the host that jobs may write into. */
  written: readonly string[],
): Promise<string | null> {
  for (const source of sources)
    for (const top of written) {
      if (top === source || !isWithin(top, source)) continue;
      const [from, leadsTo] = [await real(top), await real(source)];
      // What is not there, the one who mounts it says.
      if (from === null || leadsTo === null) continue;
      if (posix.join(from, posix.relative(top, source)) !== leadsTo) return source;
    }
  return null;
}

async function real(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}
