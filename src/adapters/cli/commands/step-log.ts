import type { JobStepRecord } from '../../../domain/job/step-record.js';
import { escapeLine } from '../output/escape-control.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { cutLogOf, sayCut } from './cut-log.js';
import { logOutput } from './log-output.js';
import { complainOfState } from './state-root.js';

/** Bytes that are read at once. */
const PIECE_BYTES = 256 * 1024;

export interface WantedStep {
  readonly stateRoot: string;
  readonly runId: string;
  readonly job: string;
  readonly step: string;
  readonly raw: boolean;
}

/** What one step of a job wrote; of one that runs, as far as it has come. */
export async function stepLog(context: CliContext, wanted: WantedStep): Promise<number> {
  const { stateRoot, runId, job, step: id } = wanted;
  const { signal } = context.interrupts;
  const steps = await context.input.runState.loadSteps(stateRoot, runId, { job, signal });
  if (steps.isErr()) return complainOfState(context, steps.error);
  const step = steps.value.find((one) => one.id === id);
  if (step !== undefined) return copyStep(context, wanted, step);
  const known = steps.value.map((one) => escapeLine(one.id)).join(', ');
  const has = known === '' ? 'it has no steps, or has not come to one' : `it has ${known}`;
  complain(context, `job ${job} of run ${runId} has no record of a step ${id}; ${has}`);
  return EXIT.usage;
}

async function copyStep(context: CliContext, wanted: WantedStep, step: JobStepRecord): Promise<number> {
  const { stdout, input, interrupts } = context;
  const { stateRoot, runId, job } = wanted;
  const { signal } = interrupts;
  if (step.log_start === null) {
    const why = step.reason === undefined ? '' : `: ${step.reason}`;
    complain(context, `the step ${step.id} wrote nothing, as it was ${step.status}${why}`);
    return EXIT.passed;
  }
  const end = step.log_end ?? Number.POSITIVE_INFINITY;
  const found = await cutLogOf(context, wanted);
  // Of a step that ended before it was cut, all is kept.
  const cut = found !== null && end >= found.kept ? found : null;
  if (cut !== null && end === step.log_start) {
    complain(context, `nothing that the step ${step.id} wrote is kept: ${cut.text}`);
    return EXIT.passed;
  }
  const output = logOutput(context, wanted);
  for (let offset = step.log_start; offset < end; ) {
    const maxBytes = Math.min(PIECE_BYTES, end - offset);
    const query = { job, kind: 'guest', offset, maxBytes, signal } as const;
    const part = await input.runState.readLog(stateRoot, runId, query);
    if (part.isErr()) return complainOfState(context, part.error);
    const { data } = part.value;
    if (data.length === 0) break;
    output.write(step.id, data);
    offset += data.length;
    await stdout.drained();
    if (signal.aborted) return EXIT.cancelled;
  }
  output.endAll();
  if (cut !== null) sayCut(context, cut, output);
  return EXIT.passed;
}
