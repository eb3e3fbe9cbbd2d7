import type { Command } from 'commander';
import {
  type PoolStatusOptions,
  poolChangeCommand,
  poolStatusCommand,
} from '../commands/pool/pool-command.js';
import type { HostOptions } from '../commands/with-pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import { output, withHost } from './program-options.js';

const POOL_HELP = `
With "warm": {"size": 2} in the configuration, machines of Incus run and wait, and a job takes one instead of making it.
Each run leaves the pool full; these commands show it, fill it before the first run, and remove all that waits in the
project. Machines that jobs have taken go on.

Exit status: 0 when that is done, 2 bad usage or configuration, 3 on a system failure.
`;

/** The commands for machines that run and wait. */
export function addPoolCommands(program: Command, context: CliContext, onExit: (code: number) => void): void {
  const group = program
    .command('pool')
    .summary('show, fill and drain the pool of machines that wait')
    .addHelpText('after', POOL_HELP);

  withHost(group.command('status').summary('show what waits on the host'))
    .addOption(output(['human', 'json', 'jsonl']))
    .option('--json', 'the same as --output json')
    .action(async (options: PoolStatusOptions) => onExit(await poolStatusCommand(context, options)));

  withHost(
    group.command('fill').summary('make what is missing, and replace what is of another image'),
  ).action(async (options: HostOptions) => onExit(await poolChangeCommand(context, 'fill', options)));

  withHost(group.command('drain').summary('remove all that waits')).action(async (options: HostOptions) =>
    onExit(await poolChangeCommand(context, 'drain', options)),
  );
}
