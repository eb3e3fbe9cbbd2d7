import { resolve } from 'node:path';
import type { OpenMachineInput } from '../../../../application/open-machine/open-machine-input.js';
import type { OpenMachineSpecInput } from '../../../../domain/machine/open-machine-spec.js';
import { runIdAt } from '../../../../domain/values/run-id.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { warningsTo } from '../../session/warnings-to.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { environmentOf } from './environment-of.js';
import { complainOfFault, onHost } from './machine-session.js';

/** What a machine is to be. */
export interface MachineSpecOptions extends HostOptions {
  readonly image?: string;
  readonly workspace?: string;
  readonly writable?: boolean;
  readonly asRoot?: boolean;
  readonly user?: string;
  readonly lease?: number;
  readonly cpus?: number;
  readonly memory?: string;
  readonly disk?: string;
  readonly vm?: boolean;
}

export interface MachineOpenOptions extends MachineSpecOptions {
  readonly id?: string;
  readonly env: readonly string[];
}

/** `pikaci machine open`: its id on standard output, everything else on standard error. */
export async function machineOpenCommand(context: CliContext, options: MachineOpenOptions): Promise<number> {
  const env = environmentOf(options.env);
  if (env === null) {
    complain(context, '--env takes NAME=value');
    return EXIT.usage;
  }
  const { clock, randomBytes } = context.input;
  const id = options.id ?? runIdAt(clock.now(), randomBytes(3));
  let name = 'the machine that was being made';
  const left = () => [
    `${name} may stay until its lease ends; to remove it now, or then:`,
    `pikaci machine close ${id}${withOptions(options)}`,
    `pikaci gc --remote${withOptions(options)}`,
  ];
  const work = () =>
    open(context, options, { id, env }, (instance, host) => {
      name = `the machine ${instance} on ${host}`;
    });
  return sayWhatStays(context, { now: 'what was made of the machine is being removed', left }, work);
}

function open(
  context: CliContext,
  options: MachineOpenOptions,
  { id, env }: { readonly id: string; readonly env: Record<string, string> },
  onMade: (instance: string, host: string) => void,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const { signal } = context.interrupts;
    const warnings = warningsTo(context);
    const input: OpenMachineInput = {
      ...specOf(context, options),
      id,
      env,
      signal,
      events: {
        emit: (event) => {
          if (event.type === 'instance_created') onMade(event.instance, pikaci.host);
          warnings.emit(event);
        },
      },
    };
    const opened = await pikaci.openMachine(input);
    if (opened.isErr()) return complainOfFault(context, opened.error);
    const machine = opened.value;
    const left = await machine.leave();
    if (left.isErr()) return complainOfFault(context, left.error);
    context.stderr.write(
      `pikaci: the machine ${machine.name} on ${pikaci.host} stays for ${machine.spec.leaseSecs} s after its last use; "pikaci machine close ${machine.id}${withOptions(options)}" removes it\n`,
    );
    context.stdout.write(`${machine.id}\n`);
    return EXIT.passed;
  });
}

export function specOf(context: CliContext, options: MachineSpecOptions): OpenMachineSpecInput {
  const { image, workspace, writable, asRoot, user, lease, cpus, memory, disk, vm } = options;
  return {
    ...(image === undefined ? {} : { image }),
    ...(workspace === undefined ? {} : { workspace: resolve(context.input.cwd, workspace) }),
    ...(writable === true ? { writableWorkspace: true } : {}),
    ...(asRoot === true ? { runAsRoot: true } : {}),
    ...(user === undefined ? {} : { user }),
    ...(lease === undefined ? {} : { leaseSecs: lease }),
    ...(vm === true ? { instanceType: 'virtual-machine' as const } : {}),
    limits: {
      ...(cpus === undefined ? {} : { cpu: cpus }),
      ...(memory === undefined ? {} : { memory }),
      ...(disk === undefined ? {} : { disk }),
    },
  };
}
