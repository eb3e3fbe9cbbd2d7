import { testTitle } from '../../../domain/job/test-report.js';
import type { TestHistoryDocument, TestOverRuns } from '../../../domain/records/test-history.js';
import { inColumns } from '../output/columns.js';
import { count, formatDuration } from '../output/quantities.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';

export interface TestsOptions extends StateOptions {
  readonly output: 'human' | 'json';
  readonly branch?: string;
  readonly target?: string;
  readonly job?: string;
  readonly runs?: number;
  readonly limit?: number;
  readonly flaky?: boolean;
  readonly all?: boolean;
}

/** Lines for people, unless said. */
const SHOWN = 100;

/** `pikaci tests [text]`: what became of each test over the recorded runs, those that are flaky or have failed first. */
export async function testsCommand(
  context: CliContext,
  text: string | undefined,
  options: TestsOptions,
): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { branch, target, job, runs } = options;
  const told = await context.input.runState.testHistory(stateRoot, {
    signal: context.interrupts.signal,
    ...(branch === undefined ? {} : { branch }),
    ...(target === undefined ? {} : { target }),
    ...(job === undefined ? {} : { job }),
    ...(runs === undefined ? {} : { runs }),
  });
  if (told.isErr()) return complainOfState(context, told.error);
  const { damaged, runs: looked } = told.value;
  for (const message of damaged) complain(context, message);
  const named = told.value.tests.filter((test) => text === undefined || testTitle(test).includes(text));
  // Of a test that is asked for by name it is worth knowing that it always passed.
  const wanted = (test: TestOverRuns) =>
    options.flaky === true
      ? test.flaky
      : options.all === true || text !== undefined || test.failed > 0 || test.flaky;
  const found = named.filter(wanted);
  const limit = options.limit ?? (options.output === 'json' ? found.length : SHOWN);
  const tests = found.slice(0, limit);
  const more = found.length - tests.length;
  if (options.output === 'json') {
    const document: TestHistoryDocument = {
      ...{ type: 'test_history', schema_version: 1, runs: looked, tests },
      ...(more === 0 ? {} : { more }),
    };
    printJson(context, document);
    return EXIT.passed;
  }
  if (looked === 0) complain(context, `no run in ${stateRoot} that was asked for has reports of tests`);
  else if (tests.length === 0)
    complain(context, `${nothingOf(options, text)} in ${count(looked, 'run')} with reports of tests`);
  if (tests.length > 0) context.stdout.write(`${inColumns(tests.map(row)).join('\n')}\n`);
  if (more > 0) context.stdout.write(`and ${count(more, 'more test')} (--limit ${found.length} shows all)\n`);
  return EXIT.passed;
}

function nothingOf({ flaky, all }: TestsOptions, text: string | undefined): string {
  if (flaky === true) return 'no test was flaky';
  if (text !== undefined) return `no test has ${JSON.stringify(text)} in its name`;
  return all === true ? 'there are no tests' : 'no test has failed';
}

function row(test: TestOverRuns): string[] {
  const { flaky, failed, seen, mean_time_ms: mean, last_failed_run_id: lastFailed } = test;
  return [
    flaky ? 'flaky' : test.last_status,
    `${failed} of ${seen} failed`,
    mean === null ? '' : formatDuration(mean),
    test.job_id,
    lastFailed ?? '',
    testTitle(test),
  ];
}
