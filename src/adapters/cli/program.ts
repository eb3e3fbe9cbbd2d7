import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { jobIdSchema, runIdSchema } from '../../domain/identifier.js';
import type { CliContext } from './cli-context.js';
import { type AttachOptions, attachCommand } from './commands/attach-command.js';
import { type DoctorOptions, doctorCommand } from './commands/doctor-command.js';
import { type GcOptions, gcCommand } from './commands/gc-command.js';
import { type InitOptions, initCommand } from './commands/init-command.js';
import { type RunOptions, runCommand } from './commands/run-command.js';
import { ATTACH_HELP, DOCTOR_HELP, GC_HELP, INIT_HELP, PROGRAM_HELP, RUN_HELP } from './help-texts.js';
import { packageVersion } from './version.js';

/** The commands and their options. `onExit` is told the exit status of the one that ran. */
export function buildProgram(context: CliContext, onExit: (code: number) => void): Command {
  const program = new Command('pikaci')
    .description('Run CI jobs in throw-away machines on a Linux host of your own.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .addHelpText('after', PROGRAM_HELP)
    .showSuggestionAfterError(true)
    .showHelpAfterError('"pikaci --help" lists the commands, "pikaci run --help" explains one.')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .exitOverride();

  const run = program
    .command('run')
    .summary('run the jobs of a target, each in a fresh machine')
    .argument('[target]', 'name of a target in the configuration; may be left out when there is only one')
    .addHelpText('after', RUN_HELP);
  withRunOutput(withHost(run))
    .option('--job <id>', 'run only this job of the target; may be given again', collect, [])
    .addOption(
      new Option('--run-id <id>', 'name of the run, instead of a new one').argParser(id(runIdSchema)),
    )
    .option('--fail-fast', 'end the run at the first failure')
    .addOption(new Option('--parallel <n>', 'jobs and prepare nodes at the same time').argParser(wholeNumber))
    .option('--changed-files <file>', 'a file with one changed path a line, for the filters of the target')
    .option('--branch <name>', 'branch to record, instead of the one that is checked out')
    .addOption(
      new Option('--keep-on-failure [secs]', 'keep the machine of a failed job for "pikaci shell"')
        .argParser(wholeNumber)
        .preset(3600),
    )
    .action(async (target: string | undefined, options: RunOptions) => {
      onExit(await runCommand(context, target, options));
    });

  const attach = program
    .command('attach')
    .summary('take up a job whose runner is gone')
    .addArgument(new Argument('<run>', 'id of the run').argParser(id(runIdSchema)))
    .addArgument(new Argument('<job>', 'id of the job').argParser(id(jobIdSchema)))
    .addHelpText('after', ATTACH_HELP);
  withRunOutput(withHost(attach)).action(async (runId: string, jobId: string, options: AttachOptions) => {
    onExit(await attachCommand(context, { runId, jobId }, options));
  });

  const doctor = program
    .command('doctor')
    .summary('check the host, and say what to do about what is wrong')
    .addHelpText('after', DOCTOR_HELP);
  withHost(doctor)
    .addOption(output(['human', 'json']))
    .action(async (options: DoctorOptions) => onExit(await doctorCommand(context, options)));

  program
    .command('init')
    .summary('write a commented pikaci.config.json into this folder')
    .option('--force', 'replace the one that is there')
    .addHelpText('after', INIT_HELP)
    .action(async (options: InitOptions) => onExit(await initCommand(context, options)));

  const gc = program
    .command('gc')
    .summary('remove machines that were left behind')
    .option('--remote', 'those on the host')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .addHelpText('after', GC_HELP);
  withHost(gc)
    .addOption(output(['human', 'json']))
    .action(async (options: GcOptions) => onExit(await gcCommand(context, options)));
  return program;
}

function withHost(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'configuration; pikaci.config.json, .ts, .js or .mjs in this folder when left out',
    )
    .option('--host <host>', '"user@host", "user@host:port" or "local", instead of the configured host')
    .option(
      '--state-root <dir>',
      'where runs are recorded on this machine (default: $PIKACI_STATE_ROOT, else as configured)',
    );
}

function withRunOutput(command: Command): Command {
  return command
    .addOption(output(['human', 'json', 'jsonl']))
    .addOption(
      new Option('--on-interrupt <choice>', 'what Ctrl-C does to jobs that run')
        .choices(['cancel', 'detach', 'destroy'])
        .default('cancel'),
    );
}

function output(formats: readonly string[]): Option {
  return new Option('--output <format>', 'how to report').choices(formats).default('human');
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('a whole number above 0 is expected');
}

function id(schema: typeof runIdSchema): (value: string) => string {
  return (value) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? '');
    return parsed.data;
  };
}
