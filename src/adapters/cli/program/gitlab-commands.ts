import type { Command } from 'commander';
import { gitlabCleanupCommand } from '../commands/gitlab/cleanup-command.js';
import { gitlabConfigCommand } from '../commands/gitlab/config-command.js';
import { type GitlabInitOptions, gitlabInitCommand } from '../commands/gitlab/init-command.js';
import { gitlabPrepareCommand } from '../commands/gitlab/prepare-command.js';
import { gitlabRunCommand } from '../commands/gitlab/run-command.js';
import type { HostOptions } from '../commands/with-pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import { GITLAB_HELP } from './help-texts.js';
import { somePath, withHost } from './program-options.js';

/** The commands that a GitLab Runner's custom executor calls, and the one that says how. */
export function addGitlabCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const group = program
    .command('gitlab')
    .summary('run the jobs of a GitLab Runner, as its custom executor')
    .addHelpText('after', GITLAB_HELP);
  withHost(group.command('init').summary("print the section of the runner's config.toml"))
    .option('--program <file>', 'how the runner calls pikaci', 'pikaci')
    .action(async (options: GitlabInitOptions) => onExit(await gitlabInitCommand(context, options)));
  withHost(group.command('config').summary('config_exec: name the machine of a job')).action(
    async (options: HostOptions) => onExit(await gitlabConfigCommand(context, options)),
  );
  withHost(group.command('prepare').summary('prepare_exec: open the machine of a job')).action(
    async (options: HostOptions) => onExit(await gitlabPrepareCommand(context, options)),
  );
  withHost(
    group
      .command('run')
      .summary('run_exec: run a script of the job in its machine')
      .argument('<script>', 'file of the script', somePath)
      .argument('<stage>', 'what the runner calls this part of the job'),
  ).action(async (script: string, stage: string, options: HostOptions) =>
    onExit(await gitlabRunCommand(context, script, stage, options)),
  );
  withHost(group.command('cleanup').summary('cleanup_exec: remove the machine of a job')).action(
    async (options: HostOptions) => onExit(await gitlabCleanupCommand(context, options)),
  );
}
