import type { PrepareTiming, RunJobRecord } from '../../domain/records/run-record.js';
import type { EarlierStanding } from '../../domain/target/rerun-selection.js';

/** A node that has ended before this run goes about its plan: in the run that it repeats, or before its runner was gone. */
export interface SettledNode extends EarlierStanding {
  readonly message: string | null;
  /** Of a job. */
  readonly job?: RunJobRecord;
  /** Of a prepare node that came to its turn. */
  readonly timing?: PrepareTiming;
}

/** By their ids. */
export type SettledNodes = ReadonlyMap<string, SettledNode>;
