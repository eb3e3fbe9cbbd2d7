import { err, ok, type Result } from 'neverthrow';
import type { StepStateLayout } from '../../domain/records/machine-layout.js';
import type { StepOutcome } from '../../domain/records/machine-record.js';
import { onAbort } from '../../streams/on-abort.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { JobLock } from '../lock/job-lock.js';
import { cancelStep } from '../step/cancel-step.js';
import type { HeldMachine } from './held-machine.js';
import type { KeptOutput } from './kept-output.js';
import { loadStepRecord } from './machine-records.js';
import type { StepCallOptions } from './run-step.js';
import { untilRead } from './until-read.js';

/** How often the files of the process that follows the step are looked at, ms. */
const LOOK_MS = 100;
/** After how many looks the lock is tried again: that process may be gone. */
const LOOKS_PER_TRY = 50;

export interface WatchedStep {
  readonly stepId: string;
  readonly layout: StepStateLayout;
  readonly graceSecs: number;
  readonly kept: KeptOutput;
  readonly options: Pick<StepCallOptions, 'signal' | 'hurry' | 'onAbort'>;
}

/** The right to follow the step; or how it ended, or was left, while another process had that right. */
export type WatchEnd =
  | { readonly kind: 'locked'; readonly lock: JobLock }
  | { readonly kind: 'recorded'; readonly outcome: StepOutcome }
  | { readonly kind: 'left' };

/**
 * Takes the right to follow a step. While another process has it, what that one keeps is shown as it comes: two that followed a step at
 * once would mix the bytes of its log. A signal that cancels reaches the step all the same.
 */
export async function lockOrWatch(
  held: HeldMachine,
  watched: WatchedStep,
): Promise<Result<WatchEnd, OpenMachineFault>> {
  const { ports } = held.input.parts;
  const { clock, localFiles } = ports;
  const { layout, kept, options, graceSecs, stepId } = watched;
  const over = new AbortController();
  let isUnheard = false;
  let reading: ReturnType<KeptOutput['advance']> | null = null;
  const cancel = () => {
    if (options.onAbort === 'detach') return;
    const guest = held.input.machine.supervisor.step(stepId);
    void cancelStep({ guest, clock, graceSecs, hurry: options.hurry }, over.signal).then(() => {
      isUnheard = true;
    });
  };
  let offAborted: (() => void) | null = null;
  try {
    for (let looks = 0; ; looks++) {
      if (looks % LOOKS_PER_TRY === 0) {
        const lock = await JobLock.take(ports, layout.stepDir, new AbortController().signal);
        if (lock.isOk()) return ok({ kind: 'locked', lock: lock.value });
        if (lock.error.kind !== 'job_in_use') return err(lock.error);
        offAborted ??= onAbort(options.signal, cancel);
      }
      // The record is read first: what was kept before the end was recorded is all there is.
      const record = await loadStepRecord(localFiles, layout);
      if (record.isErr()) return err(record.error);
      // One that was waited for in vain gets no more: a second reading beside it would hand the same bytes out.
      const isNew: boolean = reading === null;
      reading ??= kept.advance();
      if (await untilRead(reading, clock, options.signal)) {
        const read = await reading;
        reading = null;
        if (read.isErr()) return err(localFilesFault(read.error, null));
      }
      const { outcome } = record.value;
      // A reading from before the look at the record may have missed the last bytes: there is another one.
      if (outcome !== null && (isNew || reading !== null)) return ok({ kind: 'recorded', outcome });
      if (options.signal?.aborted === true && options.onAbort === 'detach') return ok({ kind: 'left' });
      if (isUnheard) return err(unheard(held, stepId));
      await clock.sleep(LOOK_MS, over.signal);
    }
  } finally {
    offAborted?.();
    over.abort();
  }
}

function unheard({ input }: HeldMachine, stepId: string): OpenMachineFault {
  const { supervisor, context } = input.machine;
  const message = `the step ${stepId} could not be told to end, or the process that follows it records no end: ${supervisor.description}; it may still run`;
  return { kind: 'host', phase: null, host: context.shared.remoteHost, message };
}
