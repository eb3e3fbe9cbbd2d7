import { z } from 'zod';

/** The phases of a job, in their order. */
export const phaseSchema = z.enum([
  'prepare_directories',
  'stage_workspace_snapshot',
  'prepare_runtime',
  'launch_guest',
  // Between two attempts at the former, where the host's project has no room.
  'queued',
  // Of a job that has some: the machines beside it, until they are ready.
  'start_services',
  // Within the next one, of a machine that was not ready at once.
  'wait_until_ready',
  'wait_for_completion',
  'collect_artifacts',
  'clean_up',
]);
/** A part of the life of a job, in the order in which they come. */
export type Phase = z.infer<typeof phaseSchema>;

/** Recorded for every phase that began, also when it failed. */
export const phaseTimingSchema = z.looseObject({
  phase: phaseSchema,
  /** ISO 8601, the runner's clock. */
  started_at: z.string(),
  finished_at: z.string(),
  /** Milliseconds, from a clock that does not go back. */
  duration_ms: z.number().nonnegative(),
  ok: z.boolean(),
});
/** How long a phase took, also when it failed. Times are ISO 8601, the duration is in milliseconds. */
export type PhaseTiming = z.infer<typeof phaseTimingSchema>;
