import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import type { RawOption } from '../log-output.js';
import type { HostOptions } from '../with-pikaci.js';
import { commandOf } from './command-of.js';
import { environmentOf } from './environment-of.js';
import { followStepOf } from './step-end.js';

export interface MachineRunOptions extends HostOptions, RawOption {
  readonly step?: string;
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly asRoot?: boolean;
  readonly user?: string;
  readonly shell?: string;
  readonly timeout?: number;
  readonly onInterrupt: 'cancel' | 'detach';
}

/** `pikaci machine run`: a new step. One word is text for a shell, several are the words of one command. */
export async function machineRunCommand(
  context: CliContext,
  id: string,
  words: readonly string[],
  options: MachineRunOptions,
): Promise<number> {
  const env = environmentOf(options.env);
  if (env === null) {
    complain(context, '--env takes NAME=value');
    return EXIT.usage;
  }
  const given = commandOf(context, words);
  if (given === null) return EXIT.usage;
  const [first, ...rest] = given;
  const { cwd, asRoot, user, shell, timeout, onInterrupt } = options;
  const step = options.step ?? `s-${Buffer.from(context.input.randomBytes(6)).toString('hex')}`;
  return followStepOf(context, { id, step, onAbort: onInterrupt }, options, (machine, onOutput) =>
    machine.run({
      command: rest.length === 0 ? first : [first, ...rest],
      env,
      id: step,
      ...(cwd === undefined ? {} : { workingDirectory: cwd }),
      ...(asRoot === true ? { runAsRoot: true } : {}),
      ...(user === undefined ? {} : { user }),
      ...(shell === undefined ? {} : { shell }),
      ...(timeout === undefined ? {} : { timeoutSecs: timeout }),
      onOutput,
      signal: context.interrupts.signal,
      hurry: context.interrupts.hurry,
      onAbort: onInterrupt,
    }),
  );
}
