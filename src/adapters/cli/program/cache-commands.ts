import type { Command } from 'commander';
import { type CacheListOptions, cacheListCommand } from '../commands/cache/list-command.js';
import { type CacheRemoveOptions, cacheRemoveCommand } from '../commands/cache/remove-command.js';
import type { CliContext } from '../session/cli-context.js';
import { CACHE_HELP, CACHE_LIST_HELP, CACHE_RM_HELP } from './cache-help-texts.js';
import { output, withHost } from './program-options.js';

/** The commands for what jobs have left in their caches. */
export function addCacheCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const group = program
    .command('cache')
    .summary('list and remove the caches of jobs')
    .addHelpText('after', CACHE_HELP);

  withHost(group.command('list').summary('list the caches that are on the host'))
    .addOption(output(['human', 'json', 'jsonl']))
    .option('--json', 'the same as --output json')
    .addHelpText('after', CACHE_LIST_HELP)
    .action(async (options: CacheListOptions) => onExit(await cacheListCommand(context, options)));

  withHost(
    group
      .command('rm')
      .summary('remove caches from the host')
      .argument('<cache...>', 'keys or ids of caches'),
  )
    .option('--force', 'also those that are in use')
    .addHelpText('after', CACHE_RM_HELP)
    .action(async (which: string[], options: CacheRemoveOptions) =>
      onExit(await cacheRemoveCommand(context, which, options)),
    );
}
