import { MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import type { RunReporter } from './run-reporter.js';
import type { RunWorkspace } from './run-workspace.js';
import type { TargetExecutionInput } from './target-execution-input.js';

/**
 * A filter that matches neither a file that has changed nor one that is there would skip each run from now on, and say that all is well.
 * `workspace` where the run reads it anyway.
 */
export async function warnOfFilters(
  { target, input, parts }: Pick<TargetExecutionInput, 'target' | 'input' | 'parts'>,
  reporter: RunReporter,
  workspace?: RunWorkspace,
): Promise<void> {
  const { changedFiles } = input;
  if (changedFiles === undefined || target.filters.length === 0) return;
  const options = input.signal === undefined ? {} : { signal: input.signal };
  const scanned = await (workspace?.scan() ?? parts.ports.scanner.scan(input.workspace, options));
  if (scanned.isErr()) return;
  const tally = new MatchTally(new PatternList(target.filters));
  const paths = [...changedFiles, ...scanned.value.entries];
  await filterInTurns(paths, (path) => tally.unmatched.length > 0 && tally.matches(path));
  for (const filter of tally.unmatched) {
    const message = `the filter ${JSON.stringify(filter)} matches no file of the workspace; correct it, or leave it out`;
    reporter.warn(message);
  }
}
