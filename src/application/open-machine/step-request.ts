import { buildGuestRequest, type GuestRequest } from '../../domain/job/guest-request.js';
import type { MachineStep, OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';

/** What the supervisor is asked: the machine's own values, with the step's on top. */
export function stepRequest(machine: OpenMachineSpec, step: MachineStep): GuestRequest {
  const runAsRoot = step.runAsRoot ?? (step.user === undefined && machine.runAsRoot);
  const request = buildGuestRequest({
    command: step.command,
    timeoutSecs: step.timeoutSecs,
    graceSecs: step.graceSecs,
    runAsRoot,
    user: runAsRoot ? undefined : (step.user ?? machine.user),
    writableWorkspace: machine.writableWorkspace,
    env: { ...machine.env, ...step.env },
  });
  if (step.workingDirectory === undefined && step.shell === undefined) return request;
  const only = {
    id: 'step',
    command: step.command,
    ...(step.workingDirectory === undefined ? {} : { working_directory: step.workingDirectory }),
    ...(step.shell === undefined ? {} : { shell: step.shell }),
  };
  return { ...request, steps: [only] };
}
