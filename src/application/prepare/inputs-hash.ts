import { err, ok, type Result } from 'neverthrow';
import { MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import type { JobFault } from '../faults/job-fault.js';
import { entriesHash } from '../snapshot/entries-hash.js';

/**
 * Names the content of the files that a command depends on: paths, kinds, executable bits and bytes, as the snapshot has them that
 * the command sees; not their times, so that a fresh clone makes nothing anew. A pattern that matches none of them is refused:
 * what was made without the file that it means would be used again for ever.
 */
export async function inputsHash(
  { entries, contents }: Pick<WorkspaceSnapshot, 'entries' | 'contents'>,
  { id, inputs }: { readonly id: string; readonly inputs?: readonly string[] | undefined },
  host: string,
): Promise<Result<string, JobFault>> {
  const tally = new MatchTally(new PatternList(inputs ?? []));
  const wanted =
    inputs === undefined ? entries : await filterInTurns(entries, (entry) => tally.matches(entry));
  const [unmatched] = inputs === undefined ? [] : tally.unmatched;
  if (unmatched !== undefined) return err(matchesNothing(id, unmatched, host));
  return ok(entriesHash({ entries, contents }, wanted));
}

function matchesNothing(id: string, pattern: string, host: string): JobFault {
  const message = `the inputs of ${id}: the pattern ${JSON.stringify(pattern)} matches no file of the workspace; correct it, or leave it out`;
  return { kind: 'prepare_failed', phase: null, host, message };
}
