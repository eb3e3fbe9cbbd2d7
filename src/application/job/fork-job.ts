import { err, ok, type Result } from 'neverthrow';
import { withRecordedShell } from '../../domain/job/job-shells.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import { withRunVariables } from '../../domain/job/run-variables.js';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import type { MachineStepInput, OpenMachineSpecInput } from '../../domain/machine/open-machine-spec.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { forkMachine } from '../open-machine/fork-machine.js';
import type { OpenMachine } from '../open-machine/open-machine.js';
import type { ForkOptions } from '../open-machine/open-machine-input.js';
import type { OpenMachines } from '../open-machine/open-machines.js';
import { findJobMachine, type JobMachineParts } from './job-machine.js';
import { factsOf } from './new-job-record.js';

/** A command of a job as a step of an open machine. */
export interface JobCommand {
  readonly step: MachineStepInput;
  /** When it fails, the job went on. */
  readonly continueOnError: boolean;
}

/** The copy of a job's machine, with what the job ran. */
export interface JobFork {
  readonly machine: OpenMachine;
  /** In order: its command, or those of its steps that are run while nothing has failed. What was a secret in them reads `***`. */
  readonly commands: readonly JobCommand[];
  /** Names of the secrets that the job had: the copy has none of them. */
  readonly missingSecrets: readonly string[];
}

export interface ForkJobParts extends JobMachineParts {
  readonly openMachines: Pick<OpenMachines, 'open'>;
}

/**
 * Opens a machine with the files of a job's that runs, or that was kept after it failed: with its mounts, limits, user and variables. The
 * job's machine goes on as it is.
 */
export async function forkJob(
  parts: ForkJobParts,
  job: { readonly runId: string; readonly jobId: string },
  options: ForkOptions,
): Promise<Result<JobFork, OpenMachineFault>> {
  const found = await findJobMachine(parts, job, options.signal);
  if (found.isErr()) return err(found.error);
  const { machine, record } = found.value;
  const spec = jobSpecSchema.safeParse(withRecordedShell(withoutIdleUser(record.job_spec)));
  if (!spec.success) {
    const message = `the record of the job ${job.jobId} of the run ${job.runId}: job_spec cannot be read`;
    return err({ kind: 'local_files', phase: null, host: parts.ports.localFiles.host, message });
  }
  const source = {
    machine,
    image: record.incus_image,
    // What is run there is no part of the job.
    spec: machineOf(withRunVariables(spec.data, { ...factsOf(record), traceparent: null }), record.workspace),
    snapshotHash: record.snapshot_hash,
    forkedFrom: { instance_name: machine.name, run_id: job.runId, job_id: job.jobId },
  };
  const open: OpenMachines['open'] = (input, origin) => parts.openMachines.open(input, origin);
  const forked = await forkMachine(open, source, options);
  return forked.andThen((copy) =>
    ok({ machine: copy, commands: commandsOf(spec.data), missingSecrets: record.secret_names }),
  );
}

function machineOf(job: JobSpec, workspace: string): OpenMachineSpecInput {
  const { env, runAsRoot, user, writableWorkspace, limits, ready, instanceType } = job;
  const { extraProfiles, preparedOutputs } = job;
  return {
    workspace,
    env,
    runAsRoot,
    writableWorkspace,
    limits,
    instanceType,
    extraProfiles,
    preparedOutputs,
    ...(user === undefined ? {} : { user }),
    ...(ready === undefined ? {} : { ready }),
  };
}

function commandsOf(job: JobSpec): readonly JobCommand[] {
  const { command, shell, timeoutSecs, graceSecs, steps = [] } = job;
  const both = { timeoutSecs, graceSecs };
  if (command !== undefined)
    return [
      { step: { command, ...both, ...(shell === undefined ? {} : { shell }) }, continueOnError: false },
    ];
  return steps
    .filter((step) => step.if !== 'failure')
    .map(({ id, command: text, env, user, runAsRoot, workingDirectory, continueOnError, ...step }) => ({
      step: {
        ...both,
        id,
        command: text,
        env,
        shell: step.shell,
        ...(step.timeoutSecs === undefined ? {} : { timeoutSecs: step.timeoutSecs }),
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
        ...(user === undefined ? {} : { user }),
        ...(runAsRoot === undefined ? {} : { runAsRoot }),
      },
      continueOnError,
    }));
}
