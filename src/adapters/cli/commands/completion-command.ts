import type { Command } from 'commander';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';

export type CompletedShell = 'bash' | 'zsh' | 'fish';

interface Completed {
  readonly name: string;
  readonly summary: string;
  /** Long ones, with their dashes. */
  readonly options: readonly { readonly flag: string; readonly description: string }[];
}

/** `pikaci completion`: a script for the shell, made from the commands themselves. */
export function completionCommand(context: CliContext, program: Command, shell: CompletedShell): number {
  const commands = program.commands.map(
    (command): Completed => ({
      name: command.name(),
      summary: command.summary(),
      options: command.options.flatMap(({ long, description }) =>
        long ? [{ flag: long, description }] : [],
      ),
    }),
  );
  context.stdout.write({ bash, zsh, fish }[shell](commands));
  return EXIT.passed;
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ name, options }) =>
      `    ${name}) words='${[...options.map(({ flag }) => flag), '--help'].join(' ')}' ;;`,
  );
  return `# eval "$(pikaci completion bash)"
_pikaci() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='${commands.map(({ name }) => name).join(' ')}' ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='${commands.map(({ name }) => name).join(' ')}'; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _pikaci pikaci
`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(
    ({ name, options }) =>
      `    ${name}) _arguments ${options.map((option) => quoted(`${option.flag}[${option.description.replace(/[[\]:]/g, ' ')}]`)).join(' ')} '*:file:_files' ;;`,
  );
  return `#compdef pikaci
# eval "$(pikaci completion zsh)"
_pikaci() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case "\${words[2]}" in
${cases.join('\n')}
  esac
}
compdef _pikaci pikaci
`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c pikaci -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...options.map(
      ({ flag, description }) =>
        `complete -c pikaci -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)} -d ${quoted(description)}`,
    ),
  ]);
  return `# pikaci completion fish | source\n${lines.join('\n')}\n`;
}

/** The texts are the program's own; quotes in them must not end the word all the same. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
