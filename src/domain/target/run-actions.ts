/** How a recorded run is to go on: all of it again, what has not passed, or the rest of one whose runner is gone. */
export type RunAgain = 'rerun' | 'rerun-failed' | 'resume';

/**
 * What became of it.
 * - `begun`: it begins, behind what was asked for before; `runId` is the run to look at.
 * - `done`: a run is being cancelled.
 * - `refused`: the message says why.
 */
export type RunActionAnswer =
  | { readonly kind: 'begun'; readonly runId: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly message: string };

/** What people may do to a recorded run from its page, carried out by whoever serves it. */
export interface RunActions {
  cancel(runId: string): Promise<RunActionAnswer>;
  again(runId: string, how: RunAgain): Promise<RunActionAnswer>;
  /** Of a run that was asked for and has no record: that it waits, or why it never began. */
  noteOf(runId: string): string | null;
}
