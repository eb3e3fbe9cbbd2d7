import { Argument, Command, Option } from 'commander';
import { jobIdSchema, runIdSchema } from '../../../domain/values/identifier.js';
import { type AttachOptions, attachCommand } from '../commands/attach-command.js';
import { type DoctorOptions, doctorCommand } from '../commands/doctor-command.js';
import { fulfillCommand } from '../commands/fulfill-command.js';
import { type GcOptions, gcCommand } from '../commands/gc-command.js';
import { type InitOptions, initCommand } from '../commands/init-command.js';
import { type ForkCommandOptions, forkCommand } from '../commands/machine/fork-command.js';
import { type ResumeCommandOptions, resumeCommand } from '../commands/recover/resume-command.js';
import { remoteDefaultsCommand } from '../commands/remote-defaults-command.js';
import { type RerunOptions, rerunCommand } from '../commands/rerun-command.js';
import { type RunOptions, runCommand } from '../commands/run-command.js';
import { shellCommand } from '../commands/shell-command.js';
import { type TargetInfoOptions, targetInfoCommand } from '../commands/target-info-command.js';
import { type HostOptions, withOptions } from '../commands/with-pikaci.js';
import {
  type CompleteOptions,
  completeCommand,
  completionCommand,
} from '../completion/completion-command.js';
import type { CompletedShell } from '../completion/completion-scripts.js';
import { packageVersion } from '../process/version.js';
import type { CliContext } from '../session/cli-context.js';
import { addCacheCommands } from './cache-commands.js';
import { addGithubCommands } from './github-commands.js';
import { addGitlabCommands } from './gitlab-commands.js';
import {
  ATTACH_HELP,
  COMPLETION_HELP,
  DOCTOR_HELP,
  FULFIL_HELP,
  GC_HELP,
  INIT_HELP,
  PROGRAM_HELP,
  REMOTE_DEFAULTS_HELP,
  RERUN_HELP,
  RESUME_HELP,
  RUN_HELP,
  SHELL_HELP,
} from './help-texts.js';
import { addExecCommand, addMachineCommands, withFork } from './machine-commands.js';
import { FORK_HELP } from './machine-help-texts.js';
import { addPoolCommands } from './pool-commands.js';
import {
  byteSize,
  collect,
  id,
  output,
  raw,
  revision,
  somePath,
  wholeNumber,
  withHost,
  withRunOutput,
} from './program-options.js';
import { addRecoverCommand } from './recover-commands.js';
import { addStateCommands } from './state-commands.js';
import { addTemplateCommands } from './template-commands.js';

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
    // What stands behind the command of `machine run` is that command's own.
    .enablePositionalOptions()
    .hook('preAction', (_program, command) => {
      context.where = withOptions(command.opts());
    })
    .exitOverride();
  addRunCommands(program, context, onExit);
  addExecCommand(program, context, onExit);
  addMachineCommands(program, context, onExit);
  addTemplateCommands(program, context, onExit);
  addPoolCommands(program, context, onExit);
  addCacheCommands(program, context, onExit);
  addRecoverCommand(program, context, onExit);
  addStateCommands(program, context, onExit);
  addHostCommands(program, context, onExit);
  addGitlabCommands(program, context, onExit);
  addGithubCommands(program, context, onExit);
  return program;
}

const run = () => new Argument('<run>', 'id of the run').argParser(id(runIdSchema));
const job = () => new Argument('<job>', 'id of the job').argParser(id(jobIdSchema));
const runId = () =>
  new Option('--run-id <id>', 'name of the run, instead of a new one').argParser(id(runIdSchema));

function addRunCommands(program: Command, context: CliContext, onExit: (code: number) => void): void {
  const start = program
    .command('run')
    .summary('run the jobs of a target, each in a fresh machine')
    .argument('[target]', 'name of a target in the configuration; may be left out when there is only one')
    .addHelpText('after', RUN_HELP);
  withRunOutput(withHost(start))
    .addOption(
      new Option('--workspace <dir>', 'folder that is run (default: that of the configuration)').argParser(
        somePath,
      ),
    )
    .option('--job <id>', 'run only this job, and what it depends on; may be given again', collect, [])
    .addOption(runId())
    .option('--fail-fast', 'end the run at the first failure')
    .addOption(
      new Option('--parallel <n>', 'jobs and prepare nodes at the same time').argParser(wholeNumber(1)),
    )
    .addOption(
      new Option(
        '--changed-files <file>',
        'a file with the changed paths, for the filters of the target',
      ).argParser(somePath),
    )
    .addOption(
      new Option('--changed-since <rev>', 'let git say what has changed since it left that commit').argParser(
        revision,
      ),
    )
    .option('--branch <name>', 'branch to record, instead of the one that is checked out')
    .addOption(
      new Option('--keep-on-failure [secs]', 'keep the machine of a failed job for "pikaci shell"')
        .argParser(wholeNumber(1))
        .preset('3600'),
    )
    .action(async (target: string | undefined, options: RunOptions) => {
      onExit(await runCommand(context, target, options));
    });

  const again = program
    .command('rerun')
    .summary('run again what a recorded run set out to do')
    .addArgument(run())
    .addHelpText('after', RERUN_HELP);
  withRunOutput(withHost(again))
    .option('--failed', 'only what has not passed, and what comes after it; the rest is taken over')
    .option(
      '--job <id>',
      'only this job, and what comes after it (repeatable); the rest is taken over',
      collect,
      [],
    )
    .addOption(runId())
    .action(async (repeated: string, options: RerunOptions) => {
      onExit(await rerunCommand(context, repeated, options));
    });

  const goOn = program
    .command('resume')
    .summary('go on with a run whose runner exited')
    .addArgument(
      new Argument('[run]', 'id of the run; without it, a list of what the host has').argParser(
        id(runIdSchema),
      ),
    )
    .addHelpText('after', RESUME_HELP);
  withRunOutput(withHost(goOn))
    .addOption(
      new Option(
        '--workspace <dir>',
        'folder with the files of the run, where it is another than then',
      ).argParser(somePath),
    )
    .option('--id <id>', 'the beginning of the id in the list, where the host has several runs of this id')
    .action(async (runId: string | undefined, options: ResumeCommandOptions) => {
      onExit(await resumeCommand(context, runId, options));
    });

  const attach = program
    .command('attach')
    .summary('resume a job whose runner exited')
    .addArgument(run())
    .addArgument(job())
    .addHelpText('after', ATTACH_HELP);
  withRunOutput(withHost(attach)).action(async (id: string, jobId: string, options: AttachOptions) => {
    onExit(await attachCommand(context, { runId: id, jobId }, options));
  });

  const shell = program
    .command('shell')
    .summary('open a terminal in the machine of a job')
    .addArgument(run())
    .addArgument(job())
    .addHelpText('after', SHELL_HELP);
  withHost(shell).action(async (id: string, jobId: string, options: HostOptions) => {
    onExit(await shellCommand(context, { runId: id, jobId }, options));
  });

  const fork = program
    .command('fork')
    .summary('open a copy of the machine of a job, with its files')
    .addArgument(run())
    .addArgument(job())
    .option('--command [text]', 'run this in the copy; what the job ran when there is no text')
    .addOption(raw())
    .addHelpText('after', FORK_HELP);
  withFork(withHost(fork)).action(async (id: string, jobId: string, options: ForkCommandOptions) => {
    onExit(await forkCommand(context, { runId: id, jobId }, options));
  });

  const info = program
    .command('target-info')
    .summary('show what a run of a target would do')
    .argument('[target]', 'name of a target in the configuration; may be left out when there is only one');
  withHost(info)
    .option('--json', 'one document with the nodes of the plan')
    .action(async (target: string | undefined, options: TargetInfoOptions) =>
      onExit(await targetInfoCommand(context, target, options)),
    );
}

function addHostCommands(program: Command, context: CliContext, onExit: (code: number) => void): void {
  const doctor = program
    .command('doctor')
    .summary('check the host, and say what to do about what is wrong')
    .addHelpText('after', DOCTOR_HELP);
  withHost(doctor)
    .option('--machine', 'also make a machine, run a command in it, and remove it')
    .addOption(output(['human', 'json']))
    .action(async (options: DoctorOptions) => onExit(await doctorCommand(context, options)));

  const defaults = program
    .command('remote-defaults')
    .summary('show where jobs would run, and what each value came from')
    .addHelpText('after', REMOTE_DEFAULTS_HELP);
  withHost(defaults)
    .option('--json', 'one document with the values')
    .action(async (options: TargetInfoOptions) => onExit(await remoteDefaultsCommand(context, options)));

  program
    .command('init')
    .summary('write a commented pikaci.config.json into this folder')
    .option('--force', 'replace the one that is there')
    .addHelpText('after', INIT_HELP)
    .action(async (options: InitOptions) => onExit(await initCommand(context, options)));

  const gc = program
    .command('gc')
    .summary('remove machines that were left behind, and the state of old runs')
    .option('--remote', 'machines on the host whose lease has ended, and what nobody uses any more')
    .addOption(
      new Option('--keep-runs <n>', 'the state of all runs here but the newest n').argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--keep-days <n>',
        'with --remote: snapshots and outputs that were used in the last n days (default: as configured)',
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--keep-bytes <size>',
        'with --remote: no more than this of them, such as 50GiB (default: as configured)',
      ).argParser(byteSize),
    )
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .addHelpText('after', GC_HELP);
  withHost(gc)
    .addOption(output(['human', 'json']))
    .action(async (options: GcOptions) => onExit(await gcCommand(context, options)));

  program
    .command('fulfill-prepared-output-request')
    .summary('on the host itself: make a prepared output visible as a request says')
    .argument('<file>', 'the request, a JSON file', somePath)
    .addOption(new Option('--result-path <file>', 'write the result there as well').argParser(somePath))
    .addHelpText('after', FULFIL_HELP)
    .action(async (file: string, options: { resultPath?: string }) =>
      onExit(await fulfillCommand(context, file, options)),
    );

  program
    .command('completion')
    .summary('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', COMPLETION_HELP)
    .action((shell: CompletedShell) => onExit(completionCommand(context, shell)));

  // For those scripts, and nobody else.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .option('--line <text>')
    .option('--breaks <characters>')
    .action(async (words: string[], options: CompleteOptions) =>
      onExit(await completeCommand(context, program, words, options)),
    );
}
