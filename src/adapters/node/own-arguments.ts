import { readFileSync } from 'node:fs';
import { nameText } from '../../streams/name-bytes.js';

/** Node puts U+FFFD for bytes of an argument that are not UTF-8: such an argument would name another file. Here they are as `nameText` has them. */
export function ownArguments(): readonly string[] {
  const given = process.argv.slice(2);
  if (!given.some((word) => word.includes('\ufffd'))) return given;
  try {
    const all = nameText(readFileSync('/proc/self/cmdline')).split('\0').slice(0, -1);
    const own = all.slice(all.length - given.length);
    // The kernel shows what is there now, which a process may have written over.
    return own.length === given.length ? own : given;
  } catch {
    return given;
  }
}
