import { fstatSync, readlinkSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * The files in `directory` that this process's own output goes to, as `/path` relative to it. `pikaci run >log` in a
 * workspace would otherwise change what is being sent with every line. Where there is no /proc, none is known.
 */
export function ownOutputs(directory: string): string[] {
  const inside = [1, 2].flatMap((fd) => {
    try {
      if (!fstatSync(fd).isFile()) return [];
      return [relative(realpathSync(directory), readlinkSync(`/proc/self/fd/${fd}`))];
    } catch {
      return [];
    }
  });
  return [...new Set(inside)].filter((path) => !path.startsWith('..')).map((path) => `/${path}`);
}
