import { type Command, Option } from 'commander';
import { githubHooksCommand } from '../commands/github/hooks-command.js';
import { type GithubInitOptions, githubInitCommand } from '../commands/github/init-command.js';
import type { HostOptions } from '../commands/with-pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import { GITHUB_HELP } from './help-texts.js';
import { somePath, withState } from './program-options.js';

/** What a GitHub Actions runner calls, and the command that says how. */
export function addGithubCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const group = program
    .command('github')
    .summary('run the jobs of a GitHub Actions runner on the host itself, by its container hooks')
    .addHelpText('after', GITHUB_HELP);
  withState(group.command('init').summary("print the lines of the runner's .env"))
    .option('--script <file>', 'where github-hooks.js is (default: beside this command)')
    .action(async (options: GithubInitOptions) => onExit(await githubInitCommand(context, options)));
  group
    .command('hooks')
    .summary('do what the runner asks for, in one JSON document on standard input')
    .addOption(new Option('--config <file>', 'the configuration, by its absolute path').argParser(somePath))
    .addOption(
      new Option(
        '--state-root <dir>',
        'where the state is kept on this machine (default: as configured)',
      ).argParser(somePath),
    )
    .action(async (options: HostOptions) => onExit(await githubHooksCommand(context, options)));
}
