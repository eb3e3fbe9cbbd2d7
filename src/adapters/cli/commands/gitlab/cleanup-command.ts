import type { CliContext } from '../../session/cli-context.js';
import type { HostOptions } from '../with-pikaci.js';
import { gitlabStage, systemFailed } from './gitlab-stage.js';

/** `pikaci gitlab cleanup`, the runner's `cleanup_exec`: removes the machine of a job, however far that came. */
export function gitlabCleanupCommand(context: CliContext, options: HostOptions): Promise<number> {
  return gitlabStage(context, options, async ({ machineId, pikaci }) => {
    const attached = await pikaci.attachMachine(machineId, { signal: context.interrupts.signal });
    if (attached.isErr()) {
      const { kind } = attached.error;
      const isGone = kind === 'machine_released' || kind === 'machine_gone' || kind === 'no_such_machine';
      return isGone ? 'passed' : systemFailed(context, attached.error);
    }
    const released = await attached.value.release();
    return released.isErr() ? systemFailed(context, released.error) : 'passed';
  });
}
