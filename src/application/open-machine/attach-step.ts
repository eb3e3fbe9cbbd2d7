import { err, type Result } from 'neverthrow';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import { machineStepSchema } from '../../domain/machine/open-machine-spec.js';
import { stepStateLayout } from '../../domain/records/machine-layout.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { JobLock } from '../lock/job-lock.js';
import type { HeldMachine } from './held-machine.js';
import { loadStepRecord } from './machine-records.js';
import { type AttachStepOptions, followToEnd, replay, resultOf, type StepResult } from './run-step.js';

const ASK_BOUND_MS = 60_000;

/** Takes a step up from its record. Two processes that followed it at once would mix the bytes of its log. */
export async function attachStep(
  held: HeldMachine,
  stepId: string,
  options: AttachStepOptions,
): Promise<Result<StepResult, OpenMachineFault>> {
  const { parts, state, machine } = held.input;
  const { localFiles } = parts.ports;
  const host = machine.context.shared.remoteHost;
  const layout = stepStateLayout(state, stepId);
  const before = await loadStepRecord(localFiles, layout);
  if (before.isErr()) return err(before.error);
  const locked = await JobLock.take(
    parts.ports,
    layout.stepDir,
    options.signal ?? new AbortController().signal,
  );
  if (locked.isErr()) return err(locked.error);
  await using lock = locked.value;
  // Whoever had the lock may have recorded the end meanwhile.
  const loaded = await loadStepRecord(localFiles, layout);
  if (loaded.isErr()) return err(loaded.error);
  const record = loaded.value;
  if (record.outcome !== null) {
    if (options.replay === true) {
      const { journal } = held.input;
      await replay(localFiles, layout, { ...options, journal });
    }
    return resultOf(record.outcome, { stepId, layout, host });
  }
  const usable = await held.usable();
  if (usable.isErr()) return err(usable.error);
  const step = machineStepSchema.safeParse({ ...withoutIdleUser(record.spec), id: stepId });
  if (!step.success) {
    const message = `${layout.stepRecord}: the step's description cannot be read`;
    return err({ kind: 'local_files', phase: null, host, message });
  }
  const supervisor = machine.supervisor.step(stepId);
  const masks = await supervisor.secrets({ signal: AbortSignal.timeout(ASK_BOUND_MS) });
  const missing = record.secret_names.find((name) => masks.isErr() || masks.value[name] === undefined);
  if (missing !== undefined) {
    const message = `the secret ${missing}, to be masked in the log of the step ${stepId}, could not be had from ${supervisor.description}`;
    return err({ kind: 'guest', phase: null, host, message });
  }
  const secrets = Object.values(masks.unwrapOr({}));
  return await followToEnd(
    held,
    { layout, record, step: step.data, options, secrets, lock },
    { first: undefined, start: undefined },
  );
}
