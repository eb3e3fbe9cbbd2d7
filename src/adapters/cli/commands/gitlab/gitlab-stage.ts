import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { LoadedConfig } from '../../config/load-config.js';
import { type CliContext, complain, complainOfBug } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault } from '../machine/machine-session.js';
import { type HostOptions, loadOrComplain, withPikaci } from '../with-pikaci.js';
import { type GitlabCall, gitlabCallOf, MACHINE_VARIABLE } from './gitlab-call.js';

/** How a call of the runner ended, in the runner's terms. */
export type StageEnd = 'passed' | 'build_failed' | 'system_failed';

/** What a call works with. */
export interface GitlabStage {
  readonly call: GitlabCall;
  readonly machineId: string;
  readonly loaded: LoadedConfig;
  readonly pikaci: Pikaci;
}

/** One call about the job's machine. The exit status is one of those that the runner has given, whatever happens. */
export async function gitlabStage(
  context: CliContext,
  options: HostOptions,
  work: (stage: GitlabStage) => Promise<StageEnd>,
): Promise<number> {
  const read = gitlabCallOf(context.input.env);
  if (read.isErr()) {
    complain(context, read.error);
    return EXIT.usage;
  }
  const call = read.value;
  let end: StageEnd = 'system_failed';
  if (call.machine === null) {
    complain(
      context,
      `${MACHINE_VARIABLE} is not set: config_exec of the runner must be "pikaci gitlab config"`,
    );
    return call.systemFailure;
  }
  const machineId = call.machine;
  try {
    const loaded = await loadOrComplain(context, options, { needsFile: true });
    if (loaded === null) return call.systemFailure;
    await withPikaci(context, loaded, async (pikaci) => {
      end = await work({ call, machineId, loaded, pikaci });
      return EXIT.passed;
    });
  } catch (error) {
    // Of another status than its own the runner makes what it likes.
    complainOfBug(context, error);
    return call.systemFailure;
  }
  return statusOf(end, call);
}

export function statusOf(end: StageEnd, { buildFailure, systemFailure }: GitlabCall): number {
  if (end === 'passed') return EXIT.passed;
  return end === 'build_failed' ? buildFailure : systemFailure;
}

export function systemFailed(context: CliContext, fault: OpenMachineFault): StageEnd {
  complainOfFault(context, fault);
  return 'system_failed';
}
