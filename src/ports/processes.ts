/** A process, as another one may look for it later. */
export interface ProcessIdentity {
  /** For people. */
  readonly hostname: string;
  readonly pid: number;
  /** The machine since it was started, and its process namespace: within one scope a pid means one process. Null where that cannot be told. */
  readonly scope: string | null;
  /** When it was started, in the system's own measure: a pid is used again. */
  readonly started: string | null;
}

/**
 * - `alive`: it runs, or is stopped.
 * - `gone`: it has ended.
 * - `unknown`: it is another machine's, or another container's, and cannot be looked at from here.
 */
export type ProcessState = 'alive' | 'gone' | 'unknown';

/** The processes of this machine. */
export interface Processes {
  /** The one that this code runs in. */
  self(): Promise<ProcessIdentity>;
  /** Whether a process is still there. Never guesses: what cannot be looked at is `unknown`. */
  state(process: ProcessIdentity): Promise<ProcessState>;
}
