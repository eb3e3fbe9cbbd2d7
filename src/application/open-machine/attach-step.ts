import { err, ok, type Result } from 'neverthrow';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import { machineStepSchema } from '../../domain/machine/open-machine-spec.js';
import { stepStateLayout } from '../../domain/records/machine-layout.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { textOf } from '../events/guarded-call.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { HeldMachine } from './held-machine.js';
import { KeptOutput } from './kept-output.js';
import { loadStepRecord } from './machine-records.js';
import { type AttachStepOptions, followToEnd, resultOf, type StepResult } from './run-step.js';
import { lockOrWatch } from './watch-step.js';

const ASK_BOUND_MS = 60_000;

/** Takes a step up from its record, or shows what the process keeps that follows it. */
export async function attachStep(
  held: HeldMachine,
  stepId: string,
  options: AttachStepOptions,
): Promise<Result<StepResult, OpenMachineFault>> {
  const { parts, state, machine } = held.input;
  const { localFiles, logReader } = parts.ports;
  const host = machine.context.shared.remoteHost;
  const layout = stepStateLayout(state, stepId);
  const before = await loadStepRecord(localFiles, layout);
  if (before.isErr()) return err(before.error);
  const step = machineStepSchema.safeParse({ ...withoutIdleUser(before.value.spec), id: stepId });
  if (!step.success) {
    const message = `${layout.stepRecord}: the step's description cannot be read`;
    return err({ kind: 'local_files', phase: null, host, message });
  }
  const kept = new KeptOutput(logReader, layout.guestLog, guarded(held, options));
  const { graceSecs } = step.data;
  const watched = await lockOrWatch(held, { stepId, layout, graceSecs, kept, options });
  if (watched.isErr()) return err(watched.error);
  const end = watched.value;
  if (end.kind === 'left') {
    const message = 'still running; another process follows it';
    return ok({
      stepId,
      log: layout.guestLog,
      status: 'running',
      cause: 'detached',
      exitCode: null,
      message,
      warnings: [],
    });
  }
  if (end.kind === 'recorded') return resultOf(end.outcome, { stepId, layout, host });
  await using lock = end.lock;
  const rest = await kept.advance();
  if (rest.isErr()) return err(localFilesFault(rest.error, null));
  // Whoever had the lock may have recorded the end meanwhile.
  const loaded = await loadStepRecord(localFiles, layout);
  if (loaded.isErr()) return err(loaded.error);
  const record = loaded.value;
  if (record.outcome !== null) return resultOf(record.outcome, { stepId, layout, host });
  const usable = await held.usable();
  if (usable.isErr()) return err(usable.error);
  const supervisor = machine.supervisor.step(stepId);
  const masks = await supervisor.secrets({ signal: awakeBound(ASK_BOUND_MS) });
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

/** A reader that fails does not keep a step from being followed. */
function guarded({ input }: HeldMachine, { onOutput, ...options }: AttachStepOptions): AttachStepOptions {
  if (onOutput === undefined) return options;
  return {
    ...options,
    onOutput: async (data) => {
      try {
        await onOutput(data);
      } catch (error) {
        input.journal.warn(`onOutput failed, and the step goes on: ${textOf(error)}`);
      }
    },
  };
}
