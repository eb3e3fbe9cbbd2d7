import type { AskedShare } from '../domain/machine/host-share.js';
import type { PlacementCandidate, PlacementChoice } from '../domain/machine/placement.js';

/** A job that is to be placed, and where it may run. */
export interface PlacementRequest {
  readonly jobId: string;
  readonly runId: string;
  /** The directory whose snapshot the job gets. */
  readonly workspace: string;
  /** As the job says it: `requests`, else `limits`. */
  readonly asks: AskedShare;
  /** At least one, in the order of the cluster. */
  readonly candidates: readonly PlacementCandidate[];
  /** What the job may not run on, and why: offline, evacuated, kept out by a setting, of another architecture. */
  readonly excluded: readonly PlacementChoice[];
  /** Fires when the job is cancelled, or when the answer takes too long. */
  readonly signal: AbortSignal;
}

/**
 * Decides on which member of a cluster a job runs. Asked once for each attempt at a job; jobs that can run in one place only are not asked
 * for. The first member that can be reached and can begin the job gets it.
 */
export interface Placement {
  /**
   * Members of `candidates`, the best first, each with the reason for the job's record. A member that is left out is not tried; where none is
   * named the job fails as one that no member can run. Must not take longer than 30 s. What throws or rejects fails the job.
   */
  rank(request: PlacementRequest): readonly PlacementChoice[] | Promise<readonly PlacementChoice[]>;
}
