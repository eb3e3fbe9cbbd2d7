import { Argument, type Command, Option } from 'commander';
import { type TemplateBuildOptions, templateBuildCommand } from '../commands/template/build-command.js';
import { templateExportCommand } from '../commands/template/export-command.js';
import { templateImportCommand } from '../commands/template/import-command.js';
import { type TemplateListOptions, templateListCommand } from '../commands/template/list-command.js';
import { type TemplateRemoveOptions, templateRemoveCommand } from '../commands/template/remove-command.js';
import { type TemplateShellOptions, templateShellCommand } from '../commands/template/shell-command.js';
import type { HostOptions } from '../commands/with-pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import { raw, somePath, withHost } from './program-options.js';
import {
  TEMPLATE_BUILD_HELP,
  TEMPLATE_EXPORT_HELP,
  TEMPLATE_HELP,
  TEMPLATE_IMPORT_HELP,
  TEMPLATE_RM_HELP,
  TEMPLATE_SHELL_HELP,
} from './template-help-texts.js';

/** The commands for machines that are set up once and copied by jobs. */
export function addTemplateCommands(
  program: Command,
  context: CliContext,
  onExit: (code: number) => void,
): void {
  const group = program
    .command('template')
    .summary('make, list and remove the machines that jobs are copies of')
    .addHelpText('after', TEMPLATE_HELP);

  withHost(
    group
      .command('build')
      .summary('make the templates that are not on the host')
      .argument('[template...]', 'names of templates; all of the configuration when left out'),
  )
    .option('--target <id>', 'only those of this target')
    .addOption(
      new Option(
        '--workspace <dir>',
        'folder with their inputs (default: that of the configuration)',
      ).argParser(somePath),
    )
    .addOption(raw())
    .option('--json', 'one document with what is there now')
    .addHelpText('after', TEMPLATE_BUILD_HELP)
    .action(async (names: string[], options: TemplateBuildOptions) =>
      onExit(await templateBuildCommand(context, names, options)),
    );

  withHost(group.command('list').summary('list the templates that are on the host'))
    .option('--json', 'one document with the templates')
    .action(async (options: TemplateListOptions) => onExit(await templateListCommand(context, options)));

  withHost(
    group
      .command('rm')
      .summary('remove templates from the host')
      .argument('<template...>', 'names or keys of templates'),
  )
    .option('--force', 'also those that are in use')
    .addHelpText('after', TEMPLATE_RM_HELP)
    .action(async (names: string[], options: TemplateRemoveOptions) =>
      onExit(await templateRemoveCommand(context, names, options)),
    );

  withHost(
    group
      .command('export')
      .summary('write a template into a file, for another host')
      .argument('<template>', 'name or key of the template')
      .addArgument(new Argument('<file>', 'the file; "-" for standard output').argParser(somePath)),
  )
    .addHelpText('after', TEMPLATE_EXPORT_HELP)
    .action(async (name: string, file: string, options: HostOptions) =>
      onExit(await templateExportCommand(context, name, file, options)),
    );

  withHost(
    group
      .command('import')
      .summary('make a template of a file that "export" has written')
      .addArgument(new Argument('<file>', 'the file; "-" for standard input').argParser(somePath)),
  )
    .addHelpText('after', TEMPLATE_IMPORT_HELP)
    .action(async (file: string, options: HostOptions) =>
      onExit(await templateImportCommand(context, file, options)),
    );

  withHost(
    group
      .command('shell')
      .summary('open a terminal in a copy of a template')
      .argument('<template>', 'name or key of the template'),
  )
    .option('--as-root', 'as root')
    .option('--user <name>', 'as this user of the machine')
    .addHelpText('after', TEMPLATE_SHELL_HELP)
    .action(async (name: string, options: TemplateShellOptions) =>
      onExit(await templateShellCommand(context, name, options)),
    );
}
