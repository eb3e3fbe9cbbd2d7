import type { ReapDocument } from '../../../domain/reap-document.js';
import type { RunGcDocument } from '../../../domain/state-documents.js';
import { type CliContext, complain } from '../cli-context.js';
import { EXIT, exitCodeOfFault } from '../exit-code.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import { faultLines } from '../output/fault-text.js';
import { count } from '../output/quantities.js';
import { complainOfState, stateRootOrComplain } from './state-root.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

export interface GcOptions extends HostOptions {
  readonly remote?: boolean;
  readonly keepRuns?: number;
  readonly dryRun?: boolean;
  readonly output: 'human' | 'json';
}

/** `pikaci gc`: machines on the host whose lease has ended, and the state of old runs here. Exit status 3 when something could not be removed. */
export async function gcCommand(context: CliContext, options: GcOptions): Promise<number> {
  if (options.remote !== true && options.keepRuns === undefined) {
    complain(
      context,
      'say what to clean: "pikaci gc --remote" removes the machines on the host whose lease has ended, "pikaci gc --keep-runs 20" the state of older runs here',
    );
    return EXIT.usage;
  }
  const here =
    options.keepRuns === undefined ? EXIT.passed : await gcHere(context, options, options.keepRuns);
  if (options.remote !== true || here === EXIT.usage) return here;
  return Math.max(here, await gcRemote(context, options));
}

async function gcHere(context: CliContext, options: GcOptions, keepRuns: number): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const dryRun = options.dryRun === true;
  const { signal } = context.interrupts;
  const report = await context.input.runState.gcRuns(stateRoot, { keepRuns, dryRun, signal });
  if (report.isErr()) return complainOfState(context, report.error);
  const { removed, kept, failed } = report.value;
  const document: RunGcDocument = {
    type: 'run_gc_report',
    schema_version: 1,
    dry_run: dryRun,
    removed: [...removed],
    kept: [...kept],
    failed: failed.map(({ runId, message }) => ({ run_id: runId, message })),
  };
  print(context, options, document, [
    ...removed.map((id) => `${dryRun ? 'would remove' : 'removed'} the state of run ${id}`),
    ...failed.map(({ runId, message }) => `could not remove run ${runId}: ${escapeMessage(message)}`),
    `${escapeLine(stateRoot)}: ${count(removed.length, 'run')} ${dryRun ? 'would be removed' : 'removed'}, ${kept.length} kept`,
  ]);
  return failed.length > 0 ? EXIT.machinery : EXIT.passed;
}

async function gcRemote(context: CliContext, options: GcOptions): Promise<number> {
  const loaded = await loadOrComplain(context, options, false);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, async (pikaci) => {
    const dryRun = options.dryRun === true;
    const reaped = await pikaci.reap({ signal: context.interrupts.signal, dryRun });
    if (reaped.isErr()) {
      complain(context, faultLines(reaped.error).join('\n'));
      return context.interrupts.signal.aborted ? EXIT.cancelled : exitCodeOfFault(reaped.error);
    }
    const { deleted, alive, failed } = reaped.value;
    const document: ReapDocument = {
      type: 'reap_report',
      schema_version: 1,
      host: pikaci.host,
      dry_run: dryRun,
      deleted: [...deleted],
      alive: [...alive],
      failed: failed.map((one) => ({ ...one })),
    };
    print(context, options, document, reapLines(document));
    return failed.length > 0 ? EXIT.machinery : EXIT.passed;
  });
}

/** With both, the documents follow each other. */
function print(context: CliContext, { output }: GcOptions, document: object, lines: readonly string[]): void {
  context.stdout.write(
    output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : `${lines.join('\n')}\n`,
  );
}

function reapLines({ host, dry_run: dryRun, deleted, alive, failed }: ReapDocument): string[] {
  return [
    ...deleted.map((name) => `${dryRun ? 'would remove' : 'removed'} ${escapeLine(name)}`),
    ...failed.map(
      ({ instance, message }) => `could not remove ${escapeLine(instance)}: ${escapeMessage(message)}`,
    ),
    `${escapeLine(host)}: ${count(deleted.length, 'machine')} ${dryRun ? 'would be removed' : 'removed'}, ${alive.length} in use, ${failed.length} failed`,
  ];
}
