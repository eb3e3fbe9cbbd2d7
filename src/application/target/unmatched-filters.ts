import { MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';

/** Filters that match neither a file that has changed nor one that is there: no change of any file makes them match. */
export async function unmatchedFilters(
  filters: readonly string[],
  changedFiles: readonly string[],
  entries: readonly string[],
): Promise<readonly string[]> {
  const tally = new MatchTally(new PatternList(filters));
  await filterInTurns(
    [...changedFiles, ...entries],
    (path) => tally.unmatched.length > 0 && tally.matches(path),
  );
  return tally.unmatched;
}
