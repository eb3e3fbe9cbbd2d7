import type { CliContext } from '../../session/cli-context.js';
import { releaseMachine } from '../runner/release-machine.js';
import type { HostOptions } from '../with-pikaci.js';
import { gitlabStage, systemFailed } from './gitlab-stage.js';

/** `pikaci gitlab cleanup`, the runner's `cleanup_exec`: removes the machine of a job, however far that came. */
export function gitlabCleanupCommand(context: CliContext, options: HostOptions): Promise<number> {
  return gitlabStage(context, options, async ({ machineId, pikaci }) => {
    const fault = await releaseMachine(pikaci, machineId, context.interrupts.signal);
    return fault === null ? 'passed' : systemFailed(context, fault);
  });
}
