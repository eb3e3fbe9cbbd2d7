import type { ReapDocument } from '../../../domain/reap-document.js';
import { type CliContext, complain } from '../cli-context.js';
import { EXIT, exitCodeOfFault } from '../exit-code.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import { faultLines } from '../output/fault-text.js';
import { count } from '../output/quantities.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

export interface GcOptions extends HostOptions {
  readonly remote?: boolean;
  readonly dryRun?: boolean;
  readonly output: 'human' | 'json';
}

/** `pikaci gc --remote`: removes the machines on the host whose lease has ended. Exit status 3 when one could not be removed. */
export async function gcCommand(context: CliContext, options: GcOptions): Promise<number> {
  if (options.remote !== true) {
    complain(
      context,
      'say what to clean: "pikaci gc --remote" removes the machines on the host whose lease has ended',
    );
    return EXIT.usage;
  }
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
    context.stdout.write(
      options.output === 'json'
        ? `${JSON.stringify(document, null, 2)}\n`
        : `${humanLines(document).join('\n')}\n`,
    );
    return failed.length > 0 ? EXIT.machinery : EXIT.passed;
  });
}

function humanLines({ host, dry_run: dryRun, deleted, alive, failed }: ReapDocument): string[] {
  return [
    ...deleted.map((name) => `${dryRun ? 'would remove' : 'removed'} ${escapeLine(name)}`),
    ...failed.map(
      ({ instance, message }) => `could not remove ${escapeLine(instance)}: ${escapeMessage(message)}`,
    ),
    `${escapeLine(host)}: ${count(deleted.length, 'machine')} ${dryRun ? 'would be removed' : 'removed'}, ${alive.length} in use, ${failed.length} failed`,
  ];
}
