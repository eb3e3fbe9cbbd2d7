import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { complainOfFault, onHost } from './machine-session.js';

/** `pikaci machine close`: removes each. One that is gone or was released already is what was asked for. */
export async function machineCloseCommand(
  context: CliContext,
  machines: readonly string[],
  options: HostOptions,
): Promise<number> {
  const open = new Set(machines);
  const left = () => [
    'these machines may stay until their leases end; to remove them:',
    `pikaci machine close ${[...open].join(' ')}${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'the machine that is being removed is waited for', left }, () =>
    closeEach(context, machines, options, (id) => open.delete(id)),
  );
}

function closeEach(
  context: CliContext,
  machines: readonly string[],
  options: HostOptions,
  onClosed: (id: string) => void,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    let code: number = EXIT.passed;
    for (const id of machines) {
      const attached = await pikaci.attachMachine(id, { signal: context.interrupts.signal });
      if (attached.isErr()) {
        const { kind } = attached.error;
        if (kind === 'machine_released' || kind === 'machine_gone') {
          context.stderr.write(`pikaci: the machine ${id} is gone already\n`);
          onClosed(id);
        } else code = Math.max(code, complainOfFault(context, attached.error));
        continue;
      }
      const released = await attached.value.release();
      if (released.isErr()) code = Math.max(code, complainOfFault(context, released.error));
      else onClosed(id);
    }
    return code;
  });
}
