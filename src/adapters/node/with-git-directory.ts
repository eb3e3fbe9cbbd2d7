import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { snapshotHash } from './tree-hash.js';
import type { HashedTree } from './tree-hash-types.js';

/** A snapshot that has what lies in the directory as its `.git`, under the name that all its entries give. */
export function withGitDirectory(
  snapshot: WorkspaceSnapshot,
  gitDirectory: string,
  history: HashedTree,
): WorkspaceSnapshot {
  const all = new Map(snapshot.entries.map((entry, index) => [entry, snapshot.contents[index]]));
  for (const [index, entry] of history.entries.entries()) all.set(`.git/${entry}`, history.contents[index]);
  const { contentHash, entries, contents } = snapshotHash(all);
  const totalBytes = snapshot.totalBytes + history.totalBytes;
  return { ...snapshot, contentHash, entries, contents, totalBytes, gitDirectory };
}
