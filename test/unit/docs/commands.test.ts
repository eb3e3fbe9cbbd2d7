import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { wordsOfLine } from '../../../src/adapters/cli/completion/words-of-line.js';
import * as helpTexts from '../../../src/adapters/cli/program/help-texts.js';
import * as machineHelpTexts from '../../../src/adapters/cli/program/machine-help-texts.js';
import { buildProgram } from '../../../src/adapters/cli/program/program.js';
import * as templateHelpTexts from '../../../src/adapters/cli/program/template-help-texts.js';
import type { CliContext } from '../../../src/adapters/cli/session/cli-context.js';
import { blocksOf, DOCUMENTS, documentText } from '../../support/documents.js';

/** The command line without what its commands do, and without a word of its own. */
function parser(): Command {
  const program = buildProgram({} as CliContext, () => {});
  const quieten = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    for (const inner of command.commands) quieten(inner);
  };
  quieten(program);
  return program;
}

/** Why the command line is refused, as Commander calls it; null when it is not. */
function refusalOf(line: string): string | null {
  // What a variable stands for is a name.
  const [, ...words] = wordsOfLine(line.replaceAll(/\$\w+/g, 'v1')).words;
  try {
    parser().parse(
      words.filter((word) => word !== ''),
      { from: 'user' },
    );
    return null;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 || error.code === 'commander.help'
        ? null
        : `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Up to what the shell does with it: a comment behind two blanks, a pipe, a redirection, the end of a substitution. */
function upToShell(line: string): string {
  return line.replace(/( {2,}|\s*[|)]|\s+(&&|\|\||>|<)|\s+#).*$/s, '').trim();
}

/** The command lines of a piece of shell. */
function commandsOf(shell: string): string[] {
  return [...shell.matchAll(/(?:^|\$\()\s*(?:[a-z]+=\S*\s+)?(?:npx )?(pikaci (?![a-z]+=).*)$/gm)].map(
    ([, line = '']) => upToShell(line.replace(/^(pikaci \S+(?: \S+)*?) {2,}.*$/, '$1')),
  );
}

describe('every command line that is shown', () => {
  it.each(DOCUMENTS)('in the blocks of %s can be typed as it stands', (name) => {
    const lines = blocksOf(name, 'sh').flatMap(commandsOf);
    expect(lines.map((line) => [line, refusalOf(line)])).toEqual(lines.map((line) => [line, null]));
  });

  it.each(DOCUMENTS)('in the text of %s names a command and options that there are', (name) => {
    const shown = [...documentText(name).matchAll(/`(pikaci [a-z-][^`\n]*)`/g)].map(([, line = '']) => line);
    // Alternatives are one command line each.
    const lines = shown.flatMap((line) => {
      const [, before = '', choices = '', after = ''] = /^(.*?)(\S+\\\|\S+)(.*)$/.exec(line) ?? [];
      return choices === '' ? [line] : choices.split('\\|').map((choice) => `${before}${choice}${after}`);
    });
    const wrong = lines
      .map((line) => `${line}: ${refusalOf(line.replaceAll(/[[\]]/g, '').replace(/ …$/, ''))}`)
      // A command may be spoken of without what it is given.
      .filter((told) => !told.endsWith(': null') && !told.includes('commander.missingArgument'));
    expect(wrong).toEqual([]);
  });

  it('in the helps can be typed as it stands', () => {
    const texts = Object.values({ ...helpTexts, ...machineHelpTexts, ...templateHelpTexts });
    const lines = texts.flatMap(commandsOf);
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.map((line) => [line, refusalOf(line)])).toEqual(lines.map((line) => [line, null]));
  });

  it('is refused when there is no such command or option, so that these checks can fail', () => {
    expect(refusalOf('pikaci nope')).toContain('unknown');
    expect(refusalOf('pikaci run --nope')).toContain('commander.unknownOption');
    expect(refusalOf('pikaci attach r')).toContain('commander.missingArgument');
    expect(commandsOf('npx pikaci run   # all\nm=$(pikaci machine open --workspace .)\n')).toEqual([
      'pikaci run',
      'pikaci machine open --workspace .',
    ]);
  });
});

describe('the table of commands in the README', () => {
  const rows = [...documentText('README.md').matchAll(/^\| `pikaci [a-z].*\|$/gm)].map(([row]) => row);
  const commands = parser().createHelp().visibleCommands(parser());
  /** The commands that a row speaks of. */
  const namedIn = (row: string) => {
    const words = [...row.matchAll(/`(?:pikaci )?([a-z-]+)[^`]*`/g)].map(([, word]) => word);
    return commands.filter((command) => words.includes(command.name()));
  };

  it.each(rows)('gives %s', (row) => {
    const options = namedIn(row).flatMap((command) =>
      [command, ...command.commands].flatMap((one) => one.options),
    );
    const known = options.map(({ long }) => long);
    const told = [...row.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag);
    expect(told.filter((flag) => !known.includes(flag))).toEqual([]);
  });

  it('leaves none out', () => {
    const named = new Set(rows.flatMap((row) => namedIn(row).map((command) => command.name())));
    expect([...named, 'help'].sort()).toEqual(commands.map((command) => command.name()).sort());
  });
});
