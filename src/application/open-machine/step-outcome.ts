import type { StepOutcome } from '../../domain/records/machine-record.js';
import type { StepEnd } from '../step/await-step.js';

/** What the end of a step means. Without an exit record that agrees with itself it is `lost`. */
export function stepOutcomeOf(
  end: Exclude<StepEnd, { readonly kind: 'detached' | 'refused' }>,
  seen: {
    readonly finishedAtMs: number;
    readonly received: number;
    readonly kept: number;
    readonly isCut: boolean;
  },
): StepOutcome {
  const recorded = (end.kind === 'finished' && end.status.result?.warnings) || [];
  const cut = `its log is cut: of the ${seen.received} bytes that it wrote, ${seen.kept} are kept (maxLogBytes)`;
  const warnings = seen.isCut ? [...recorded, cut] : recorded;
  const at = {
    finished_at: new Date(seen.finishedAtMs).toISOString(),
    log_bytes: seen.received,
    kept_log_bytes: seen.kept,
    log_cut: seen.isCut,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  const lost = (message: string): StepOutcome => ({
    ...at,
    status: 'failed',
    cause: 'lost',
    exit_code: null,
    message,
  });
  if (end.kind === 'lost') return lost(end.message);
  if (end.kind === 'not_begun')
    return { ...at, status: 'failed', cause: end.cause, exit_code: null, message: end.message };
  if (end.kind === 'cancelled')
    return { ...at, status: 'cancelled', cause: 'cancelled', exit_code: null, message: end.message };
  const { result } = end.status;
  if (result === null) return lost('the guest left no exit record');
  const { status, exit_code, message, cause = 'exit' } = result;
  if (cause === 'cancelled') return { ...at, status: 'cancelled', cause, exit_code, message };
  const passed = exit_code === 0 && cause === 'exit';
  if ((status === 'passed') !== passed) return lost('the exit record contradicts itself');
  return { ...at, status, cause, exit_code, message };
}
