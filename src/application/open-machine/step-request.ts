import { buildGuestRequest, type GuestRequest } from '../../domain/job/guest-request.js';
import { shellInRequest, shellOf } from '../../domain/machine/command-shell.js';
import type { MachineStep, OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';

/**
 * What the supervisor is asked. The step's own values stand beside the machine's, because what steps before it have exported comes between
 * the two.
 */
export function stepRequest(machine: OpenMachineSpec, step: MachineStep): GuestRequest {
  const runAsRoot = step.runAsRoot ?? (step.user === undefined && machine.runAsRoot);
  const request = buildGuestRequest({
    command: step.command,
    timeoutSecs: step.timeoutSecs,
    graceSecs: step.graceSecs,
    runAsRoot,
    user: runAsRoot ? undefined : (step.user ?? machine.user),
    writableWorkspace: machine.writableWorkspace,
    env: machine.env,
    ready: machine.ready,
  });
  const shell = shellInRequest(step.command, shellOf(step.command, step.shell));
  const plain = step.workingDirectory === undefined && shell === undefined;
  const hasOwn = Object.keys(step.env).length > 0;
  if (plain && !hasOwn && Object.keys(machine.env).length === 0) return request;
  const only = {
    id: 'step',
    command: step.command,
    ...(step.workingDirectory === undefined ? {} : { working_directory: step.workingDirectory }),
    ...(shell === undefined ? {} : { shell }),
    ...(hasOwn ? { environment: step.env } : {}),
  };
  return { ...request, steps: [only] };
}
