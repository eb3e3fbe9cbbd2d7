import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';
import type { FileStore } from '../../ports/file-store.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';

const LARGEST_INPUT = 1024 ** 3;

/**
 * Names the content of the files that a command depends on: paths, kinds, executable bits and bytes. A pattern that matches none of them
 * is refused: what was made without the file that it means would be used again for ever.
 */
export async function inputsHash(
  files: FileStore,
  snapshot: WorkspaceSnapshot,
  { id, inputs }: { readonly id: string; readonly inputs?: readonly string[] | undefined },
  { signal, host }: { readonly signal: AbortSignal; readonly host: string },
): Promise<Result<string, JobFault>> {
  if (inputs === undefined) return ok(snapshot.contentHash);
  const tally = new MatchTally(new PatternList(inputs));
  const entries = await filterInTurns(snapshot.entries, (entry) => tally.matches(entry));
  const [unmatched] = tally.unmatched;
  if (unmatched !== undefined) return err(matchesNothing(id, unmatched, host));
  const hash = createHash('sha256').update('pikaci-inputs-1\0');
  for (const entry of entries) {
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

function matchesNothing(id: string, pattern: string, host: string): JobFault {
  const message = `the inputs of ${id}: the pattern ${JSON.stringify(pattern)} matches no file of the workspace; correct it, or leave it out`;
  return { kind: 'prepare_failed', phase: null, host, message };
}
