import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { pathMatcher } from './path-filters.js';

const LARGEST_INPUT = 1024 ** 3;

/** Names the content of the files that a command depends on: paths, kinds, executable bits and bytes. */
export async function inputsHash(
  files: FileStore,
  snapshot: WorkspaceSnapshot,
  patterns: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Result<string, JobFault>> {
  if (patterns === undefined) return ok(snapshot.contentHash);
  const matches = pathMatcher(patterns);
  const hash = createHash('sha256').update('pikaci-inputs-1\0');
  for (const entry of snapshot.entries.filter(matches)) {
    const path = `${snapshot.root}/${entry}`;
    const stat = await files.lstat(path, { signal });
    if (stat.isErr()) return err(localFilesFault(stat.error, null));
    const link = stat.value.type === 'symlink';
    const content = link
      ? (await files.readlink(path, { signal })).map((target) => Buffer.from(target))
      : await files.readFile(path, { signal, maxBytes: LARGEST_INPUT });
    if (content.isErr()) return err(localFilesFault(content.error, null));
    const kind = link ? 'l' : (stat.value.mode & 0o100) === 0 ? 'f' : 'x';
    hash
      .update(`${kind} ${Buffer.byteLength(entry)} ${content.value.length}\0${entry}`)
      .update(content.value);
  }
  return ok(hash.digest('hex'));
}
