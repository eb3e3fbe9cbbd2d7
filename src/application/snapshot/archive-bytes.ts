import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';

const BLOCK = 512;
/** GNU tar pads what it writes to whole records. */
const RECORD = 20 * BLOCK;
/** Longer paths have two blocks more, for the path. */
const LONGEST_SHORT_PATH = 100;

/** Bytes of the archive in which a snapshot is sent, as well as they can be told without the size of each file: for showing progress. */
export function archiveBytes({
  entries,
  totalBytes,
}: Pick<WorkspaceSnapshot, 'entries' | 'totalBytes'>): number {
  // A header for each entry, and on average half a block behind the content.
  const each = entries.map((entry) =>
    Buffer.byteLength(entry) > LONGEST_SHORT_PATH ? 3.5 * BLOCK : 1.5 * BLOCK,
  );
  const all = each.reduce((sum, bytes) => sum + bytes, totalBytes + 2 * BLOCK);
  return Math.ceil(all / RECORD) * RECORD;
}
