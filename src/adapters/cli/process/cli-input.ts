import type { Writable } from 'node:stream';
import type { Result } from 'neverthrow';
import type { Pikaci } from '../../../application/api/pikaci.js';
import type { GcRunsReport } from '../../../application/gc/gc-runs.js';
import type { HostsView } from '../../../application/hosts/hosts-view.js';
import type { OpenTerminal } from '../../../application/machine/guest-shell.js';
import type { CancelAnswer } from '../../../application/records/cancel-run.js';
import type { RunListing } from '../../../application/records/list-runs.js';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { PikaciConfigInput } from '../../../domain/config/config.js';
import type { ConfigFault } from '../../../domain/config/config-fault.js';
import type { RunStatus } from '../../../domain/events/run-status.js';
import type { WebhookReceiver } from '../../../domain/hooks/webhook-receiver.js';
import type { JobRecord } from '../../../domain/job/job-record.js';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { RunLogsMetadata } from '../../../domain/records/logs-metadata.js';
import type { PlanRecord } from '../../../domain/records/plan-record.js';
import type { PreparedOutputsRecord } from '../../../domain/records/prepared-outputs-record.js';
import type { RunRecord } from '../../../domain/records/run-record.js';
import type { TestHistory } from '../../../domain/records/test-history.js';
import type { FulfilmentResult } from '../../../domain/target/fulfilment.js';
import type { RunActions } from '../../../domain/target/run-actions.js';
import type { Clock } from '../../../ports/clock.js';
import type { LogPart } from '../../../ports/log-reader.js';
import type { OnSignal } from './interrupts.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface PikaciPlace {
  /** Folder of the configuration. */
  readonly baseDir: string;
  /** What is run. */
  readonly workspace: string;
  readonly env: Environment;
}

/** Makes the library's interface; handed in, because wiring is done from outside. */
export type CreatePikaci = (config: PikaciConfigInput, place: PikaciPlace) => Result<Pikaci, ConfigFault>;

/** The terminal that the process is in. */
export interface CliTerminal {
  size(): { readonly columns: number; readonly rows: number };
  /** Raw bytes of the keyboard, in raw mode, until stopped. */
  read(onData: (data: Uint8Array) => void): { stop(): void };
  onResize(handler: () => void): () => void;
}

/** The terminal behind standard error, as something is drawn on it. */
export interface CliScreen {
  /** 0 where the terminal does not know. */
  size(): { readonly columns: number; readonly rows: number };
  onResize(handler: () => void): () => void;
  /** Calls `handler` when the process goes on after it was stopped (Ctrl-Z); others have written to the terminal since. */
  onResume(handler: () => void): () => void;
}

/** What comes into the process, for commands that read it. */
export interface CliStandardInput {
  readonly isTerminal: boolean;
  /** From its first byte to its end; for one reader. */
  read(): AsyncIterable<Uint8Array>;
}

/** What is recorded of runs, read without a host; the functions that the package exports under these names. */
export interface RunState {
  listRuns(
    stateRoot: string,
    options: Call & {
      readonly limit?: number;
      readonly branch?: string;
      readonly target?: string;
      readonly status?: RunStatus;
    },
  ): Answer<RunListing>;
  testHistory(
    stateRoot: string,
    options: Call & {
      readonly branch?: string;
      readonly target?: string;
      readonly job?: string;
      readonly runs?: number;
    },
  ): Answer<TestHistory>;
  loadRunRecord(stateRoot: string, runId: string, options: Call): Answer<RunRecord>;
  cancelRun(stateRoot: string, runId: string, options: Call & { readonly by: string }): Answer<CancelAnswer>;
  loadJob(stateRoot: string, runId: string, jobId: string, options: Call): Answer<JobRecord>;
  loadSteps(
    stateRoot: string,
    runId: string,
    options: Call & { readonly job: string },
  ): Answer<readonly JobStepRecord[]>;
  loadPlan(stateRoot: string, runId: string, options: Call): Answer<PlanRecord>;
  loadLogsMetadata(stateRoot: string, runId: string, options: Call): Answer<RunLogsMetadata>;
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
  readStepLog(
    stateRoot: string,
    machineId: string,
    options: Call & { readonly step: string; readonly offset: number },
  ): Answer<LogPart>;
  loadPreparedOutputs(stateRoot: string, runId: string, options: Call): Answer<PreparedOutputsRecord | null>;
  gcRuns(
    stateRoot: string,
    options: Call & { readonly keepRuns: number; readonly dryRun?: boolean },
  ): Answer<GcRunsReport>;
}
type Answer<T> = Promise<Result<T, RunStateFault>>;
type Call = { readonly signal?: AbortSignal };

/** A web server that listens, until it is closed. */
export interface CliServing extends AsyncDisposable {
  readonly url: string;
}

/** Starts the web server; handed in, because adapters do not see each other. */
export type Serve = (
  stateRoot: string,
  options: {
    readonly host: string;
    readonly port: number;
    readonly token: string | null;
    readonly publicBadges: boolean;
    readonly hosts: HostsView | null;
    readonly terminal: OpenTerminal | null;
    readonly hooks: WebhookReceiver | null;
    readonly actions: RunActions | null;
  },
) => Promise<
  Result<
    CliServing,
    { readonly kind: 'token_required' | 'token_too_short' | 'address'; readonly message: string }
  >
>;

/** What git knows of the folder that commands are given in. Errors are sentences. */
export interface CliRepository {
  /** The files of a commit, below a private folder, until disposed of; `directory` is what stands for the given one there. */
  exportCommit(
    directory: string,
    revision: string,
    call: { readonly scratch: string; readonly signal?: AbortSignal },
  ): Promise<Result<AsyncDisposable & { readonly commit: string; readonly directory: string }, string>>;
  /** A fresh clone with one commit checked out, below a private folder, until disposed of. */
  checkOut(wanted: {
    readonly url: string;
    readonly ref: string;
    readonly commit: string;
    readonly scratch: string;
    readonly signal?: AbortSignal;
  }): Promise<Result<AsyncDisposable & { readonly directory: string }, string>>;
  /** Whether the path is there, and in git's index; an error where there is a `.git` above, and git does not say. */
  isTracked(
    path: string,
  ): Promise<Result<boolean, { readonly kind: 'git_missing' | 'git_failed'; readonly message: string }>>;
}

/** Everything that the command line has of its process. */
export interface CliInput {
  /** Without the interpreter's and the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  readonly stdin: CliStandardInput;
  readonly screen: CliScreen;
  readonly onSignal: OnSignal;
  readonly createPikaci: CreatePikaci;
  readonly runState: RunState;
  /** Carries out a fulfilment request on this machine. */
  readonly fulfill: (
    requestPath: string,
    options: { readonly signal?: AbortSignal; readonly resultPath?: string },
  ) => Promise<FulfilmentResult>;
  readonly serve: Serve;
  readonly repository: CliRepository;
  /** Null when standard input or output is not a terminal. */
  readonly terminal: CliTerminal | null;
  readonly clock: Clock;
  /** For run ids. */
  readonly randomBytes: (count: number) => Uint8Array;
}
