import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { Plan } from '../../domain/target/plan.js';
import type { TargetConfig } from '../../domain/target/target-config.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { EventFile } from '../events/event-file.js';
import type { RunCopy } from '../recover/run-copy.js';
import type { SecretMasker } from '../secrets/secret-masker.js';
import type { CancelWatch } from './cancel-watch.js';
import type { RunGroup } from './run-group.js';
import type { RunRecorder } from './run-recorder.js';
import type { RunTargetParts } from './run-target-parts.js';
import type { SettledNodes } from './settled-nodes.js';
import type { RunTargetInput, TargetSecrets } from './target-run.js';

export interface TargetExecutionInput {
  readonly parts: RunTargetParts;
  readonly input: RunTargetInput;
  readonly runId: string;
  readonly state: RunStateLayout;
  readonly plan: Plan;
  readonly target: TargetConfig;
  /** By the ids of the plan's nodes. */
  readonly secrets: TargetSecrets;
  /** Of all of them. */
  readonly masker: SecretMasker;
  /** What has been warned of already, once for all jobs. */
  readonly saidOfSecrets: Set<string>;
  readonly recorder: RunRecorder;
  readonly eventFile: EventFile;
  /** The filters of the target match nothing that has changed. */
  readonly isFilteredOut: boolean;
  /** Nodes that have ended before; they are not run. */
  readonly settled: SettledNodes;
  /** What is known already of the workspace. */
  readonly scanned?: WorkspaceSnapshot;
  /** Of which one run goes on at a time; null for a run that is in none. */
  readonly group: Pick<RunGroup, 'turn' | 'leave'> | null;
  /** Tells when another process asks the run to end. */
  readonly cancelWatch: Pick<CancelWatch, 'watch' | 'leave'>;
  /** Of a run that goes on: what it has prepared before. */
  readonly earlierOutputs?: readonly RealizedPreparedOutput[];
  /** Of the run's records, on the host; null for a run that has nothing to do. */
  readonly copy: RunCopy | null;
  /** Told as warnings when the run begins. */
  readonly notes: readonly string[];
}
