import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { Processes } from '../../ports/processes.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { Tracer } from '../../ports/tracer.js';
import type { WorkspaceScanner } from '../../ports/workspace-scanner.js';

/** The outside, as the services see it. */
export interface JobPorts {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly localFiles: FileStore;
  readonly incus: IncusApi;
  readonly scanner: WorkspaceScanner;
  readonly clock: Clock;
  /** Of this machine. */
  readonly processes: Processes;
  readonly tracer: Tracer;
}
