import type { Clock } from '../ports/clock.js';
import type { FileStore } from '../ports/file-store.js';
import type { HttpClient } from '../ports/http-client.js';
import type { IncusApi } from '../ports/incus-api.js';
import type { LogReader } from '../ports/log-reader.js';
import type { Placement } from '../ports/placement.js';
import type { Processes } from '../ports/processes.js';
import type { RemoteShell } from '../ports/remote-shell.js';
import type { Tracer } from '../ports/tracer.js';
import type { WorkspaceScanner } from '../ports/workspace-scanner.js';

/** Ports that a caller brings. What is left out is made from the configuration; what is brought is closed by its owner. */
export interface Adapters {
  /** Commands and trees on the host. */
  readonly shell?: RemoteShell;
  /** Commands on this machine, for what is built here and copied to the host. */
  readonly localShell?: RemoteShell;
  /** Files on the host. */
  readonly hostFiles?: FileStore;
  /** Files on this machine: the state of runs. */
  readonly localFiles?: FileStore;
  /** Parts of the logs among `localFiles`. */
  readonly logReader?: LogReader;
  readonly incus?: IncusApi;
  readonly scanner?: WorkspaceScanner;
  readonly clock?: Clock;
  /** Requests to forges. */
  readonly http?: HttpClient;
  /** Processes of this machine, for what those that were killed have left. */
  readonly processes?: Processes;
  /** Who is told what took how long: OpenTelemetry's provider of this process when left out. */
  readonly tracer?: Tracer;
  /** Which member of a cluster a job runs on: by what is there already and then by what is free when left out. */
  readonly placement?: Placement;
  /** What another member of the host's cluster has; each is reached by SSH when left out. */
  readonly member?: (name: string) => MemberAdapters;
}

/** One member of a cluster: its commands, its files, and the daemon as it is asked for what is there. */
export interface MemberAdapters {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly incus: IncusApi;
}
