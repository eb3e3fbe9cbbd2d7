import { createHash } from 'node:crypto';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { nameBytes } from '../../streams/name-bytes.js';

/**
 * Names the content of some files of a workspace: paths, kinds, executable bits and bytes, as the snapshot has them; not their times, so that
 * a fresh clone has the same.
 */
export function entriesHash(
  { entries, contents }: Pick<WorkspaceSnapshot, 'entries' | 'contents'>,
  wanted: readonly string[],
): string {
  const held = new Map(entries.map((entry, index) => [entry, contents[index]]));
  const hash = createHash('sha256').update('pikaci-inputs-2\0');
  for (const entry of wanted) {
    const content = held.get(entry);
    if (content === undefined) throw new Error(`the snapshot does not say what ${entry} holds`);
    const { kind, bytes, sha256 } = content;
    const name = nameBytes(entry);
    hash.update(`${kind} ${name.length} ${bytes} ${sha256}\0`).update(name);
  }
  return hash.digest('hex');
}
