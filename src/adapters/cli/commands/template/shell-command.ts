import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { onHost } from '../machine/machine-session.js';
import { showShell, terminalOrComplain } from '../show-shell.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';

export interface TemplateShellOptions extends HostOptions {
  readonly asRoot?: boolean;
  readonly user?: string;
}

/** `pikaci template shell`: a terminal in a copy of a template, which is removed at its end. The exit status is the shell's own. */
export async function templateShellCommand(
  context: CliContext,
  which: string,
  options: TemplateShellOptions,
): Promise<number> {
  const terminal = terminalOrComplain(context);
  if (terminal === null) return EXIT.usage;
  const left = () => [
    `the copy of the template ${which} stays until its lease ends; to remove it then:`,
    `pikaci gc --remote${withOptions(options)}`,
  ];
  const { asRoot, user } = options;
  const who = {
    ...(asRoot === true ? { runAsRoot: true } : {}),
    ...(user === undefined ? {} : { user }),
  };
  return sayWhatStays(context, { now: 'the copy of the template is being removed', left }, () =>
    onHost(context, options, (pikaci) =>
      showShell(context, terminal, (call) => pikaci.templateShell(which, { ...call, ...who })),
    ),
  );
}
