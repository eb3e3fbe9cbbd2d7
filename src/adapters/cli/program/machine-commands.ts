import { Argument, type Command, Option } from 'commander';
import { machineIdSchema } from '../../../domain/values/identifier.js';
import { machineCancelCommand } from '../commands/machine/cancel-command.js';
import { machineCloseCommand } from '../commands/machine/close-command.js';
import { type MachineCopyOptions, machineCopyCommand } from '../commands/machine/copy-command.js';
import { type ExecOptions, execCommand } from '../commands/machine/exec-command.js';
import { type MachineForkOptions, machineForkCommand } from '../commands/machine/fork-command.js';
import { type MachineListOptions, machineListCommand } from '../commands/machine/list-command.js';
import { type MachineLogsOptions, machineLogsCommand } from '../commands/machine/logs-command.js';
import { type MachineOpenOptions, machineOpenCommand } from '../commands/machine/open-command.js';
import { type MachineRunOptions, machineRunCommand } from '../commands/machine/run-command.js';
import { machineShellCommand } from '../commands/machine/shell-command.js';
import type { HostOptions } from '../commands/with-pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import {
  EXEC_HELP,
  MACHINE_CANCEL_HELP,
  MACHINE_CLOSE_HELP,
  MACHINE_COPY_HELP,
  MACHINE_FORK_HELP,
  MACHINE_HELP,
  MACHINE_LOGS_HELP,
  MACHINE_OPEN_HELP,
  MACHINE_RUN_HELP,
} from './machine-help-texts.js';
import { collect, id, output, raw, somePath, wholeNumber, withHost } from './program-options.js';

/** The commands for machines that stay open between steps. */
export function addMachineCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const group = program
    .command('machine')
    .summary('open a machine that stays, and run one command after another in it')
    .addHelpText('after', MACHINE_HELP);
  const machine = () => new Argument('<machine>', 'id of the machine').argParser(id(machineIdSchema));

  withMachineOptions(withHost(group.command('open').summary('open a machine, and print its id')))
    .addHelpText('after', MACHINE_OPEN_HELP)
    .action(async (options: MachineOpenOptions) => onExit(await machineOpenCommand(context, options)));

  const run = group
    .command('run')
    .summary('run a command in a machine')
    .addArgument(machine())
    .argument('<command...>', 'one word is text for a shell; several are the words of one command')
    .passThroughOptions()
    .addHelpText('after', MACHINE_RUN_HELP);
  withUser(withHost(run))
    .option('--step <id>', 'name of the step, instead of a new one')
    .option('--env <NAME=value>', 'a variable of the step; may be given again', collect, [])
    .option('--cwd <dir>', 'where to run it, absolute or below the workspace')
    .option('--shell <shell>', 'what a command of one word is text for (default: sh -e)')
    .addOption(raw())
    .addOption(
      new Option('--timeout <secs>', 'ends the step after this time (default: 1800)').argParser(
        wholeNumber(1),
      ),
    )
    .addOption(
      new Option('--on-interrupt <choice>', 'what Ctrl-C does to the step')
        .choices(['cancel', 'detach'])
        .default('cancel'),
    )
    .action(async (name: string, words: string[], options: MachineRunOptions) =>
      onExit(await machineRunCommand(context, name, words, options)),
    );

  const logs = group
    .command('logs')
    .summary('print what a step has written')
    .addArgument(machine())
    .argument('<step>', 'id of the step')
    .option('-f, --follow', 'go on until the step has ended')
    .addOption(raw())
    .addHelpText('after', MACHINE_LOGS_HELP);
  withHost(logs).action(async (name: string, step: string, options: MachineLogsOptions) =>
    onExit(await machineLogsCommand(context, name, step, options)),
  );

  const cancel = group
    .command('cancel')
    .summary('end a step that runs, whoever follows it')
    .addArgument(machine())
    .argument('<step>', 'id of the step')
    .addHelpText('after', MACHINE_CANCEL_HELP);
  withHost(cancel).action(async (name: string, step: string, options: HostOptions) =>
    onExit(await machineCancelCommand(context, name, step, options)),
  );

  const copy = group
    .command('cp')
    .summary('copy files into a machine, or out of it')
    .argument('<source>', 'a path here, or MACHINE:PATH', somePath)
    .argument('<destination>', 'a path here, or MACHINE:PATH', somePath)
    .option('--as-root', 'what is copied into the machine belongs to root')
    .addHelpText('after', MACHINE_COPY_HELP);
  withHost(copy).action(async (source: string, destination: string, options: MachineCopyOptions) =>
    onExit(await machineCopyCommand(context, source, destination, options)),
  );

  withHost(group.command('shell').summary('open a terminal in a machine').addArgument(machine())).action(
    async (name: string, options: HostOptions) => onExit(await machineShellCommand(context, name, options)),
  );

  const fork = group
    .command('fork')
    .summary('open a copy of a machine, with its files')
    .addArgument(machine())
    .addHelpText('after', MACHINE_FORK_HELP);
  withFork(withHost(fork)).action(async (name: string, options: MachineForkOptions) =>
    onExit(await machineForkCommand(context, name, options)),
  );

  withHost(
    group
      .command('close')
      .summary('remove machines')
      .argument('<machine...>', 'ids of machines')
      .addHelpText('after', MACHINE_CLOSE_HELP),
  ).action(async (names: string[], options: HostOptions) =>
    onExit(await machineCloseCommand(context, names, options)),
  );

  withHost(group.command('list').summary('list the machines that were opened from here'))
    .option('--all', 'those that are gone as well')
    .addOption(output(['human', 'json']))
    .action(async (options: MachineListOptions) => onExit(await machineListCommand(context, options)));
}

/** `pikaci exec`: a machine for one command. */
export function addExecCommand(program: Command, context: CliContext, onExit: (code: number) => void): void {
  const exec = program
    .command('exec')
    .summary('run one command in a fresh machine, which is gone afterwards')
    .argument('<command...>', 'one word is text for a shell; several are the words of one command')
    .passThroughOptions()
    .addHelpText('after', EXEC_HELP);
  withSpec(withHost(exec))
    .addOption(
      new Option(
        '--workspace <dir>',
        'folder that the command gets a copy of (default: the current folder)',
      ).argParser(somePath),
    )
    .option('--env <NAME[=value]>', 'a variable; NAME alone has the value that it has here', collect, [])
    .option('--cwd <dir>', 'where to run it, absolute or below the workspace')
    .addOption(
      new Option(
        '--timeout <secs>',
        'ends the command after this time, where it has no terminal (default: 1800)',
      ).argParser(wholeNumber(1)),
    )
    .option('--no-tty', 'no terminal in the machine, also where standard input and output are one')
    .addOption(raw())
    .action(async (words: string[], options: ExecOptions) =>
      onExit(await execCommand(context, words, options)),
    );
}

/** How the copy of a machine is opened. */
export function withFork(command: Command): Command {
  return command
    .addOption(
      new Option('--id <id>', 'name of the copy, instead of a new one').argParser(id(machineIdSchema)),
    )
    .addOption(
      new Option(
        '--lease <secs>',
        'how long it stays after its last use (default: as the original, or 600)',
      ).argParser(wholeNumber(30)),
    );
}

function withMachineOptions(command: Command): Command {
  return withSpec(command)
    .addOption(
      new Option('--id <id>', 'name of the machine, instead of a new one').argParser(id(machineIdSchema)),
    )
    .addOption(
      new Option('--workspace <dir>', 'folder whose snapshot is at /workspace/snapshot').argParser(somePath),
    )
    .option('--writable', 'steps may change the workspace; the changes go with the machine')
    .option('--env <NAME=value>', 'a variable of all steps; may be given again', collect, []);
}

function withSpec(command: Command): Command {
  return withUser(command)
    .option('--image <alias>', 'Incus image, instead of the configured one')
    .addOption(
      new Option('--lease <secs>', 'how long it stays after its last use (default: 600)').argParser(
        wholeNumber(30),
      ),
    )
    .addOption(new Option('--cpus <n>', 'number of cores').argParser(wholeNumber(1)))
    .option('--memory <size>', 'such as 512MiB or 2GiB')
    .option('--disk <size>', 'of the root disk')
    .option('--vm', 'a virtual machine of Incus instead of a container');
}

function withUser(command: Command): Command {
  return command
    .option('--as-root', 'run as root')
    .option('--user <name>', 'run as this user of the machine');
}
