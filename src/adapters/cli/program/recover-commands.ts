import { Argument, type Command } from 'commander';
import { jobIdSchema, runIdSchema } from '../../../domain/values/identifier.js';
import { type RecoverOptions, recoverCommand } from '../commands/recover/recover-command.js';
import type { CliContext } from '../session/cli-context.js';
import { RECOVER_HELP } from './help-texts.js';
import { id, output, withHost } from './program-options.js';

/** The command for what hosts have kept of jobs. */
export function addRecoverCommand(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const recover = program
    .command('recover')
    .summary('list and bring back what the host has kept of jobs that no runner collected')
    .addArgument(new Argument('[run]', 'id of the run; without it, a list').argParser(id(runIdSchema)))
    .addArgument(new Argument('[job]', 'id of the job; all of the run without it').argParser(id(jobIdSchema)))
    .addHelpText('after', RECOVER_HELP);
  withHost(recover)
    .option('--id <id>', 'the beginning of the id in the list, where several machines had the ids of the job')
    .addOption(output(['human', 'json']))
    .action(async (runId: string | undefined, jobId: string | undefined, options: RecoverOptions) =>
      onExit(await recoverCommand(context, { runId, jobId }, options)),
    );
}
