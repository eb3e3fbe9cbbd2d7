import type { Result } from 'neverthrow';
import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { JobCommand } from '../../../../application/job/fork-job.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import type { ForkOptions } from '../../../../application/open-machine/open-machine-input.js';
import { runIdAt } from '../../../../domain/values/run-id.js';
import { escapeMessage } from '../../output/escape-control.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT, exitCodeOfFault } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { warningsTo } from '../../session/warnings-to.js';
import type { RawOption } from '../log-output.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { complainOfFault, onHost } from './machine-session.js';
import { codeAround, showStep } from './step-end.js';

export interface MachineForkOptions extends HostOptions {
  readonly id?: string;
  readonly lease?: number;
}

export interface ForkCommandOptions extends MachineForkOptions, RawOption {
  /** What is run in the copy; true for what the job ran. */
  readonly command?: string | true;
}

/** `pikaci machine fork`: the id of the copy on standard output. */
export function machineForkCommand(
  context: CliContext,
  original: string,
  options: MachineForkOptions,
): Promise<number> {
  const fork = async (pikaci: Pikaci, call: ForkOptions) => {
    const attached = await pikaci.attachMachine(original, { signal: context.interrupts.signal });
    if (attached.isErr()) return attached.map((machine) => ({ machine, commands: [] }));
    const forked = await attached.value.fork(call);
    const left = await attached.value.leave();
    if (left.isErr()) complain(context, `the lease of ${original} was not renewed: ${left.error.message}`);
    return forked.map((machine) => ({ machine, commands: [] }));
  };
  return forkAndLeave(context, options, fork);
}

/** `pikaci fork`: the id of the copy on standard output; with `--command` what that says, and its exit status. */
export function forkCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: ForkCommandOptions,
): Promise<number> {
  const { command } = options;
  const fork = async (pikaci: Pikaci, call: ForkOptions) => {
    const forked = await pikaci.fork(job.runId, job.jobId, call);
    return forked.map(({ machine, commands, missingSecrets }) => {
      if (missingSecrets.length > 0)
        context.stderr.write(
          `pikaci: warning: ${escapeMessage(`the copy has none of the job’s secrets: ${missingSecrets.join(', ')}`)}\n`,
        );
      if (command === undefined) return { machine, commands: [] };
      const given = command === true ? commands : [{ step: { command }, continueOnError: false }];
      return { machine, commands: given };
    });
  };
  return forkAndLeave(context, options, fork);
}

type Fork = (
  pikaci: Pikaci,
  call: ForkOptions,
) => Promise<
  Result<{ readonly machine: OpenMachine; readonly commands: readonly JobCommand[] }, OpenMachineFault>
>;

async function forkAndLeave(context: CliContext, options: ForkCommandOptions, fork: Fork): Promise<number> {
  if (options.command === '') {
    complain(context, '--command takes the text of a command, or nothing for that of the job');
    return EXIT.usage;
  }
  const { clock, randomBytes } = context.input;
  const id = options.id ?? runIdAt(clock.now(), randomBytes(3));
  const codeOf = (fault: OpenMachineFault) =>
    options.command === undefined ? exitCodeOfFault(fault) : codeAround(context, fault);
  const left = () => [
    `the copy ${id} may stay until its lease ends; to remove it now, or then:`,
    `pikaci machine close ${id}${withOptions(options)}`,
    `pikaci gc --remote${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'what was made of the copy is being left or removed', left }, () =>
    onHost(context, options, async (pikaci) => {
      const { signal } = context.interrupts;
      const { lease } = options;
      const forked = await fork(pikaci, {
        id,
        signal,
        events: warningsTo(context),
        ...(lease === undefined ? {} : { leaseSecs: lease }),
      });
      if (forked.isErr()) return complainOfFault(context, forked.error, codeOf);
      const { machine, commands } = forked.value;
      if (options.command === undefined) context.stdout.write(`${id}\n`);
      const code = await runAll(context, machine, commands, options);
      const kept = await machine.leave();
      if (kept.isErr()) return complainOfFault(context, kept.error, codeOf);
      context.stderr.write(
        `pikaci: the machine ${machine.name} on ${pikaci.host} stays for ${machine.spec.leaseSecs} s after its last use; "pikaci machine shell ${id}${withOptions(options)}" opens a terminal in it, "pikaci machine close ${id}${withOptions(options)}" removes it\n`,
      );
      return code;
    }),
  );
}

/** One after another until one fails; the exit status is that one's. */
async function runAll(
  context: CliContext,
  machine: OpenMachine,
  commands: readonly JobCommand[],
  options: ForkCommandOptions,
): Promise<number> {
  const { signal, hurry } = context.interrupts;
  for (const { step, continueOnError } of commands) {
    const stepId = step.id ?? `s-${Buffer.from(context.input.randomBytes(6)).toString('hex')}`;
    const code = await showStep(context, { id: machine.id, step: stepId }, options, (onOutput) =>
      machine.run({ ...step, id: stepId, onOutput, signal, hurry }),
    );
    if (signal.aborted || (code !== EXIT.passed && !continueOnError)) return code;
  }
  return EXIT.passed;
}
