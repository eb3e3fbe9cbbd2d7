import type { Result } from 'neverthrow';
import type { EventsEnd, StoredEvent } from '../../../application/records/follow-events.js';
import type { RunListing } from '../../../application/records/list-runs.js';
import type { LogKind } from '../../../application/records/load-logs.js';
import type { RunBundle } from '../../../application/records/load-run-bundle.js';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { RunSummaries } from '../../../application/records/summarize-runs.js';
import type { RunStatus } from '../../../domain/events/run-status.js';
import type { JobRecord } from '../../../domain/job/job-record.js';
import type { RunLogs, RunLogsMetadata } from '../../../domain/records/logs-metadata.js';
import type { PoolRecord } from '../../../domain/records/pool-record.js';
import type { RunRecord } from '../../../domain/records/run-record.js';
import type { LogPart } from '../../../ports/log-reader.js';

type Answer<T> = Promise<Result<T, RunStateFault>>;
type Call = { readonly signal?: AbortSignal };

/** What is recorded of runs: the functions that the package exports under these names. */
export interface RunSource {
  listRuns(
    stateRoot: string,
    options: Call & {
      readonly branch?: string;
      readonly target?: string;
      readonly status?: RunStatus;
      readonly skip?: number;
      readonly limit?: number;
    },
  ): Answer<RunListing>;
  summarizeRuns(stateRoot: string, options: Call): Answer<RunSummaries>;
  loadPools(stateRoot: string, options: Call): Answer<readonly PoolRecord[]>;
  loadRunRecord(stateRoot: string, runId: string, options: Call): Answer<RunRecord>;
  loadRunBundle(stateRoot: string, runId: string, options: Call): Answer<RunBundle>;
  loadJob(stateRoot: string, runId: string, jobId: string, options: Call): Answer<JobRecord>;
  loadLogsMetadata(stateRoot: string, runId: string, options: Call): Answer<RunLogsMetadata>;
  loadLogs(
    stateRoot: string,
    runId: string,
    options: Call & { readonly job?: string; readonly kind?: LogKind; readonly maxBytes?: number },
  ): Answer<RunLogs>;
  readLog(
    stateRoot: string,
    runId: string,
    options: Call & {
      readonly job: string;
      readonly kind: 'host' | 'guest';
      readonly service?: string;
      readonly attempt?: number;
      readonly offset: number;
      readonly maxBytes?: number;
    },
  ): Answer<LogPart>;
  readArtifact(
    stateRoot: string,
    runId: string,
    options: Call & {
      readonly job: string;
      readonly path: string;
      readonly offset: number;
      readonly maxBytes?: number;
    },
  ): Answer<LogPart>;
  followEvents(
    stateRoot: string,
    runId: string,
    position: { readonly from: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Result<StoredEvent, RunStateFault>, EventsEnd>;
  readEvents(
    stateRoot: string,
    runId: string,
    position: { readonly from: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Result<StoredEvent, RunStateFault>, void>;
}

/** The runs that are served. */
export interface ServedRuns {
  readonly stateRoot: string;
  readonly source: RunSource;
}
