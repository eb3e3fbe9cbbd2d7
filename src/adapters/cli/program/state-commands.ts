import { Argument, type Command, Option } from 'commander';
import { runStatusSchema } from '../../../domain/events/run-status.js';
import { runIdSchema } from '../../../domain/values/identifier.js';
import { artifactsCommand } from '../commands/artifacts-command.js';
import { cancelCommand } from '../commands/cancel-command.js';
import { type ServeCommandOptions, serveCommand } from '../commands/hooks/serve-command.js';
import { type ListOptions, listCommand } from '../commands/list-command.js';
import { type LogsOptions, logsCommand } from '../commands/logs-command.js';
import { preparedOutputsCommand } from '../commands/prepared-outputs-command.js';
import type { StateOptions } from '../commands/state-root.js';
import { type JsonOptions, type StatusOptions, statusCommand } from '../commands/status-command.js';
import { type TestsOptions, testsCommand } from '../commands/tests-command.js';
import type { CliContext } from '../session/cli-context.js';
import { CANCEL_HELP, LIST_HELP, LOGS_HELP, SERVE_HELP, STATUS_HELP, TESTS_HELP } from './help-texts.js';
import { id, output, portNumber, raw, wholeNumber, withState } from './program-options.js';

/** The commands that read what is recorded here, and need no host. */
export function addStateCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const run = () => new Argument('<run>', 'id of the run').argParser(id(runIdSchema));
  const list = program.command('list').summary('list the recorded runs').addHelpText('after', LIST_HELP);
  withState(list)
    .addOption(output(['human', 'json']))
    .addOption(new Option('--limit <n>', 'at most this many').argParser(wholeNumber(1)))
    .option('--branch <name>', 'only runs of this branch')
    .option('--target <name>', 'only runs of this target')
    .addOption(new Option('--status <status>', 'only runs that stand so').choices(runStatusSchema.options))
    .action(async (options: ListOptions) => onExit(await listCommand(context, options)));

  const status = program
    .command('status')
    .summary('show what is recorded of a run')
    .addArgument(run())
    .addHelpText('after', STATUS_HELP);
  withState(status)
    .addOption(output(['human', 'json', 'junit']))
    .option('--json', 'the record itself, as run.json has it: the same as --output json')
    .action(async (runId: string, options: StatusOptions) =>
      onExit(await statusCommand(context, runId, options)),
    );

  const cancel = program
    .command('cancel')
    .summary('ask the process of a run to end it')
    .addArgument(run())
    .addHelpText('after', CANCEL_HELP);
  withState(cancel).action(async (runId: string, options: StateOptions) =>
    onExit(await cancelCommand(context, runId, options)),
  );

  const logs = program
    .command('logs')
    .summary('print the logs of a run')
    .addArgument(run())
    .addHelpText('after', LOGS_HELP);
  withState(logs)
    .option('--job <id>', 'only this job')
    .addOption(
      new Option('--step <id>', 'only what this step of the job wrote').conflicts(['follow', 'metadataJson']),
    )
    .addOption(
      new Option('--service <name>', 'what this service of the job wrote').conflicts([
        'metadataJson',
        'step',
      ]),
    )
    .addOption(
      new Option('--attempt <n>', 'an earlier attempt of the job')
        .argParser(wholeNumber(1))
        .conflicts(['follow', 'step', 'metadataJson']),
    )
    .addOption(
      new Option('--kind <kind>', "the job's own log, what pikaci and the host did, or both")
        .choices(['host', 'guest', 'both'])
        .default('guest'),
    )
    .option('-f, --follow', 'go on until the jobs have ended')
    .addOption(raw())
    .option('--metadata-json', 'say which logs there are, and print none')
    .action(async (runId: string, options: LogsOptions) =>
      onExit(await logsCommand(context, runId, options)),
    );

  withState(
    program.command('prepared-outputs').summary('show what a run prepared on the host').addArgument(run()),
  )
    .option('--json', 'the record itself, or null when the run prepared nothing')
    .action(async (runId: string, options: JsonOptions) =>
      onExit(await preparedOutputsCommand(context, runId, options)),
    );

  withState(
    program.command('artifacts').summary('show what the jobs of a run brought back').addArgument(run()),
  )
    .option('--json', 'one document with the artifacts of every job')
    .action(async (runId: string, options: JsonOptions) =>
      onExit(await artifactsCommand(context, runId, options)),
    );

  const tests = program
    .command('tests')
    .summary('show what became of each test over the recorded runs')
    .argument('[text]', 'only tests with this in their name, also those that always passed')
    .addHelpText('after', TESTS_HELP);
  withState(tests)
    .addOption(output(['human', 'json']))
    .addOption(new Option('--runs <n>', 'at most so many runs, the newest (50)').argParser(wholeNumber(1)))
    .addOption(new Option('--limit <n>', 'at most so many tests (100; json: all)').argParser(wholeNumber(1)))
    .option('--branch <name>', 'only runs of this branch')
    .option('--target <id>', 'only runs of this target')
    .option('--job <id>', 'only this job')
    .addOption(new Option('--flaky', 'only tests that pass and fail with the same files').conflicts('all'))
    .option('--all', 'also tests that have never failed')
    .action(async (text: string | undefined, options: TestsOptions) =>
      onExit(await testsCommand(context, text, options)),
    );

  const server = program
    .command('serve')
    .summary('show the recorded runs in a browser, and to programs')
    .addHelpText('after', SERVE_HELP);
  withState(server)
    .option(
      '--listen <address>',
      'where to listen; anything but this machine needs $PIKACI_SERVE_TOKEN',
      '127.0.0.1',
    )
    .addOption(
      new Option('--port <n>', 'which port; 0 for any that is free').argParser(portNumber).default(8787),
    )
    .option('--public-badges', 'answer /badge/BRANCH.svg to everybody, without the token and within any page')
    .option('--actions', 'cancel runs and run them again from their pages; needs $PIKACI_SERVE_TOKEN')
    .option('--hosts', 'also show what waits, and what the hosts of the configuration have')
    .option('--terminal', 'open terminals in machines of jobs from their pages; needs $PIKACI_SERVE_TOKEN')
    .option('--hooks', 'start runs for the webhooks of the configuration ("hooks"), one after the other')
    .action(async (options: ServeCommandOptions) => onExit(await serveCommand(context, options)));
}
