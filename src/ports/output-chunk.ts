/** A piece of what a running command wrote, in the order in which it arrived. `data` is raw bytes, of any length above 0. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/**
 * How a command ended, as its own machine reported it. Exactly one of the two is set: `code` 0..255, or `signal`
 * (a name such as `KILL`, without the `SIG`). A non-zero code is not a fault of the port.
 */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}
