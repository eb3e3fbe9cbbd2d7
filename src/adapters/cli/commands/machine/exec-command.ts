import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import { runIdAt } from '../../../../domain/values/run-id.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { warningsTo } from '../../session/warnings-to.js';
import type { RawOption } from '../log-output.js';
import { showShell } from '../show-shell.js';
import { withOptions } from '../with-pikaci.js';
import { commandOf } from './command-of.js';
import { complainOfFault, onHost } from './machine-session.js';
import { type MachineSpecOptions, specOf } from './open-command.js';
import { codeAround, MACHINERY_EXIT, showStep } from './step-end.js';

export interface ExecOptions extends MachineSpecOptions, RawOption {
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly timeout?: number;
  /** False with `--no-tty`. */
  readonly tty: boolean;
}

interface Execution {
  readonly id: string;
  readonly words: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * `pikaci exec`: one command in a fresh machine that is gone afterwards. The exit status is the command's own, 125 when there is none,
 * as with docker and podman.
 */
export async function execCommand(
  context: CliContext,
  words: readonly string[],
  options: ExecOptions,
): Promise<number> {
  const env = environmentFrom(options.env, context);
  if (typeof env === 'string') {
    complain(context, env);
    return EXIT.usage;
  }
  const command = commandOf(context, words);
  if (command === null) return EXIT.usage;
  const { clock, randomBytes } = context.input;
  const id = runIdAt(clock.now(), randomBytes(3));
  const left = () => [
    'the machine may stay until its lease ends; to remove it now:',
    `pikaci machine close ${id}${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'the command is being ended', left }, () =>
    execute(context, { id, words: command, env }, options),
  );
}

function execute(context: CliContext, execution: Execution, given: ExecOptions): Promise<number> {
  const { signal } = context.interrupts;
  const options = { ...given, workspace: given.workspace ?? '.', writable: true };
  return onHost(context, options, async (pikaci) => {
    const opened = await pikaci.openMachine({
      ...specOf(context, options),
      id: execution.id,
      signal,
      events: warningsTo(context),
    });
    if (opened.isErr()) return complainOfFault(context, opened.error, (fault) => codeAround(context, fault));
    const machine = opened.value;
    const code = await inMachine(context, machine, execution, options);
    const released = await machine.release();
    if (released.isErr()) complainOfFault(context, released.error);
    return code;
  });
}

async function inMachine(
  context: CliContext,
  machine: OpenMachine,
  { id, words, env }: Execution,
  options: ExecOptions,
): Promise<number> {
  const { terminal } = context.input;
  const [text, ...rest] = words;
  if (terminal !== null && options.tty) {
    const bare = rest.length === 0 ? ['/bin/sh', '-ec', text] : words;
    // It begins in the workspace.
    const command =
      options.cwd === undefined
        ? bare
        : ['/bin/sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', options.cwd, ...bare];
    const codes = { ofFault: (fault: OpenMachineFault) => codeAround(context, fault), lost: MACHINERY_EXIT };
    return await showShell(context, terminal, (call) => machine.shell({ ...call, command, env }), codes);
  }
  const { signal, hurry } = context.interrupts;
  const step = 'exec';
  return await showStep(context, { id, step }, options, (onOutput) =>
    machine.run({
      id: step,
      command: rest.length === 0 ? text : [...words],
      env: { ...env },
      ...(options.cwd === undefined ? {} : { workingDirectory: options.cwd }),
      ...(options.timeout === undefined ? {} : { timeoutSecs: options.timeout }),
      onOutput,
      signal,
      hurry,
    }),
  );
}

/** As with docker: `NAME=value`, or `NAME` alone for the value that it has here; one that has none here is left out. */
function environmentFrom(
  words: readonly string[],
  { input }: CliContext,
): Readonly<Record<string, string>> | string {
  const entries: [string, string][] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const name = at === -1 ? word : word.slice(0, at);
    if (name === '') return '--env takes NAME, or NAME=value';
    const value = at === -1 ? input.env[name] : word.slice(at + 1);
    if (value !== undefined) entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}
