import type { GuestRequest, GuestRequestStep } from '../../../domain/job/guest-request.js';
import type { GuestResult } from '../../../domain/job/guest-result.js';
import type { GuestStep } from '../../../domain/job/step-record.js';

const AT = '2026-01-01T00:00:00Z';

export interface PlayedSteps {
  /** Plays one command; an exit code, or null for a supervisor that dies. */
  readonly play: (request: GuestRequest) => Promise<number | GuestResult | null>;
  readonly tell: (step: GuestStep) => void;
  readonly logBytes: () => number;
  readonly isCancelled: () => boolean;
}

/** The steps of one request under the rules of guest/README.md: the job's result, or null when its supervisor died. */
export async function playSteps(
  request: GuestRequest,
  steps: readonly GuestRequestStep[],
  played: PlayedSteps,
): Promise<GuestResult | null> {
  let failed: { readonly step: GuestRequestStep; readonly code: number } | null = null;
  for (const step of steps) {
    const rule = step.if ?? 'success';
    const runs = rule === 'always' || (rule === 'success') === (failed === null);
    if (!runs || played.isCancelled()) {
      played.tell(stepOf(step, { state: 'skipped', cause: 'skipped' }));
      continue;
    }
    const log_start = played.logBytes();
    played.tell(stepOf(step, { state: 'running', started_at: AT, log_start }));
    const environment = { ...request.environment, ...step.environment };
    const end = await played.play({ ...request, command: step.command, environment });
    if (end === null || typeof end === 'object') return end;
    const ended = { exit_code: end, started_at: AT, finished_at: AT, log_start, log_end: played.logBytes() };
    if (played.isCancelled()) played.tell(stepOf(step, { ...ended, state: 'cancelled', cause: 'cancelled' }));
    else played.tell(stepOf(step, { ...ended, state: end === 0 ? 'passed' : 'failed', cause: 'exit' }));
    if (end !== 0 && step.continue_on_error !== true) failed ??= { step, code: end };
  }
  return resultOf(failed, played.isCancelled());
}

function stepOf({ id }: GuestRequestStep, told: Partial<GuestStep> & Pick<GuestStep, 'state'>): GuestStep {
  const nothing = { exit_code: null, cause: null, started_at: null, finished_at: null, log_start: null };
  return { id, ...nothing, log_end: null, ...told };
}

function resultOf(
  failed: { readonly step: GuestRequestStep; readonly code: number } | null,
  isCancelled: boolean,
): GuestResult {
  const at = { schema_version: 1, finished_at: AT } as const;
  if (isCancelled)
    return { ...at, status: 'failed', exit_code: null, cause: 'cancelled', message: 'cancelled' };
  if (failed === null)
    return { ...at, status: 'passed', exit_code: 0, cause: 'exit', message: 'all steps passed' };
  const { step, code } = failed;
  const message = `the step ${step.name ?? step.id} ended with status ${code}`;
  return { ...at, status: 'failed', exit_code: code, cause: 'exit', message };
}
