import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';

/** What is left on the disk of a directory, for the user that pikaci logs in as. */
export interface HostSpace {
  readonly bytes: number;
  /** Files that can still be made; null where the file system has no such number. */
  readonly files: number | null;
}

const BOUND_SECS = 20;
/** Below that a disk counts as full: nothing can be done with it. */
const FULL_BYTES = 1024 * 1024;

/** POSIX (df, `-P -k`); that of files is an extension. A path that is not there yet is on the disk of what is above it. */
const SCRIPT = `at=$1
while [ ! -e "$at" ] && [ "$at" != / ] && [ "$at" != . ]; do at=$(dirname -- "$at"); done
LC_ALL=C df -P -k -- "$at" | tail -n 1
LC_ALL=C df -P -i -- "$at" 2>/dev/null | tail -n 1`;

/** Null where the host does not say. Never a fault: it is asked to explain one. */
export async function hostSpace(
  shell: RemoteShell,
  path: string,
  signal: AbortSignal,
): Promise<HostSpace | null> {
  const asked = await runCommand(
    shell,
    { argv: ['sh', '-c', SCRIPT, 'pikaci-space', path] },
    { purpose: `how full the disk of ${path} is`, timeoutSecs: BOUND_SECS, signal },
  );
  if (asked.isErr()) return null;
  const [blocks = null, files = null] = Buffer.from(asked.value).toString('utf8').split('\n').map(available);
  if (blocks === null) return null;
  // btrfs has 0 of 0 files.
  const counted = files === null || files.total === 0 ? null : files.free;
  return { bytes: Math.max(0, blocks.free) * 1024, files: counted };
}

/** Of a line of df: total, used, free, a percentage, and where it is mounted. */
function available(line: string): { readonly total: number; readonly free: number } | null {
  const [, total, free] = /\s(\d+)\s+\d+\s+(-?\d+)\s+(?:\d+%|-)\s+\//.exec(line) ?? [];
  return total === undefined || free === undefined ? null : { total: Number(total), free: Number(free) };
}

export function isFull({ bytes, files }: HostSpace): boolean {
  return bytes < FULL_BYTES || files === 0;
}

/** For people. */
export function spaceText({ bytes, files }: HostSpace): string {
  const mebibytes = Math.floor(bytes / 1024 ** 2);
  const size = mebibytes >= 10 * 1024 ? `${Math.floor(mebibytes / 1024)} GiB` : `${mebibytes} MiB`;
  return files === 0 ? `${size}, but no more files,` : size;
}
