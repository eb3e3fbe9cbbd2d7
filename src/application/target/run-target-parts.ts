import type { TargetConfig } from '../../domain/target/target-config.js';
import type { Clock } from '../../ports/clock.js';
import type { Processes } from '../../ports/processes.js';
import type { Tracer } from '../../ports/tracer.js';
import type { WorkspaceScanner } from '../../ports/workspace-scanner.js';
import type { WorkDirectory } from '../directories/work-directory.js';
import type { RunAttempts } from '../job/run-attempts.js';
import type { HostTime } from '../lease/host-time.js';
import type { PreparePorts } from '../prepare/prepare-call.js';
import type { RunStatusesParts } from '../report/run-statuses.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { TemplateMaker } from './run-templates.js';

export interface RunTargetParts {
  readonly ports: PreparePorts & {
    readonly scanner: WorkspaceScanner;
    readonly clock: Clock;
    readonly processes: Processes;
    readonly tracer: Tracer;
  };
  readonly settings: Pick<JobSettings, 'stateRoot' | 'workDir' | 'backend' | 'trust' | 'reconnectMs'>;
  readonly targets: Readonly<Record<string, TargetConfig>>;
  /** Where secrets are looked up that the caller did not give. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runJob: Pick<RunAttempts, 'run'>;
  readonly templateMaker: TemplateMaker;
  readonly workDirectory: Pick<WorkDirectory, 'ensure'>;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
  readonly stageSnapshot: Pick<StageSnapshot, 'stage'>;
  /** Who is told how the jobs of a run stand. */
  readonly statuses: Pick<RunStatusesParts, 'http' | 'reports'>;
}
