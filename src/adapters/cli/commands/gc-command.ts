import type { RunGcDocument } from '../../../domain/records/state-documents.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import { jsonText } from '../output/json-text.js';
import { count } from '../output/quantities.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { sayWhatStays } from '../session/say-what-stays.js';
import { gcRemote } from './gc-remote.js';
import { complainOfState, stateRootOrComplain } from './state-root.js';
import { type HostOptions, withOptions } from './with-pikaci.js';

export interface GcOptions extends HostOptions {
  readonly remote?: boolean;
  readonly keepRuns?: number;
  readonly dryRun?: boolean;
  readonly keepDays?: number;
  readonly keepBytes?: number;
  readonly output: 'human' | 'json';
}

/** `pikaci gc`: what was left behind or is not used any more on the host, and the state of old runs here. Exit status 3 when something could not be removed. */
export async function gcCommand(context: CliContext, options: GcOptions): Promise<number> {
  if (options.remote !== true && options.keepRuns === undefined) {
    complain(
      context,
      'say what to clean: "pikaci gc --remote" removes the machines on the host whose lease has ended, "pikaci gc --keep-runs 20" the state of older runs here',
    );
    return EXIT.usage;
  }
  if (options.remote !== true && (options.keepDays !== undefined || options.keepBytes !== undefined)) {
    complain(context, '--keep-days and --keep-bytes say what the host keeps: add --remote');
    return EXIT.usage;
  }
  const now = options.dryRun === true ? 'the look is being ended' : 'what is being removed is waited for';
  return sayWhatStays(context, { now, left: () => leftOf(options) }, () => collect(context, options));
}

function leftOf(options: GcOptions): readonly string[] {
  const { remote, keepRuns, dryRun, keepDays, keepBytes } = options;
  if (dryRun === true) return ['nothing was removed'];
  const words = [
    ...(remote === true ? ['--remote'] : []),
    ...(keepRuns === undefined ? [] : ['--keep-runs', keepRuns]),
    ...(keepDays === undefined ? [] : ['--keep-days', keepDays]),
    ...(keepBytes === undefined ? [] : ['--keep-bytes', keepBytes]),
  ];
  const machine =
    remote === true ? '; a machine that was just being removed is left alone for two minutes' : '';
  return [
    `not all that was to go has been removed${machine}. To remove the rest:`,
    `pikaci gc ${words.join(' ')}${withOptions(options)}`,
  ];
}

async function collect(context: CliContext, options: GcOptions): Promise<number> {
  const here =
    options.keepRuns === undefined ? EXIT.passed : await gcHere(context, options, options.keepRuns);
  if (options.remote !== true || here === EXIT.usage) return here;
  const remote = await gcRemote(context, options, (document, lines) =>
    print(context, options, document, lines),
  );
  return Math.max(here, remote);
}

async function gcHere(context: CliContext, options: GcOptions, keepRuns: number): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const dryRun = options.dryRun === true;
  const { signal } = context.interrupts;
  const report = await context.input.runState.gcRuns(stateRoot, { keepRuns, dryRun, signal });
  if (report.isErr()) return complainOfState(context, report.error);
  const { removed, damaged, kept, failed, machines } = report.value;
  const why = new Map(damaged.map(({ runId, message }) => [runId, message]));
  const document: RunGcDocument = {
    type: 'run_gc_report',
    schema_version: 1,
    dry_run: dryRun,
    removed: [...removed],
    damaged: damaged.map(({ runId, message }) => ({ run_id: runId, message })),
    kept: [...kept],
    failed: failed.map(({ runId, message }) => ({ run_id: runId, message })),
    removed_machines: [...machines.removed],
    failed_machines: machines.failed.map(({ machineId, message }) => ({ machine_id: machineId, message })),
  };
  print(context, options, document, [
    ...removed.map((id) => {
      const message = why.get(id);
      const what = message === undefined ? 'the state' : 'the damaged state';
      const because = message === undefined ? '' : `: ${escapeMessage(message)}`;
      return `${dryRun ? 'would remove' : 'removed'} ${what} of run ${id}${because}`;
    }),
    ...machines.removed.map((id) => `${dryRun ? 'would remove' : 'removed'} the state of machine ${id}`),
    ...machines.failed.map(
      ({ machineId, message }) => `could not remove machine ${machineId}: ${escapeMessage(message)}`,
    ),
    ...failed.map(({ runId, message }) => `could not remove run ${runId}: ${escapeMessage(message)}`),
    `${escapeLine(stateRoot)}: ${count(removed.length, 'run')} ${dryRun ? 'would be removed' : 'removed'}, ${kept.length} kept`,
  ]);
  return failed.length + machines.failed.length > 0 ? EXIT.systemFailure : EXIT.passed;
}

/** With both, the documents follow each other. */
function print(context: CliContext, { output }: GcOptions, document: object, lines: readonly string[]): void {
  context.stdout.write(output === 'json' ? `${jsonText(document, 2)}\n` : `${lines.join('\n')}\n`);
}
