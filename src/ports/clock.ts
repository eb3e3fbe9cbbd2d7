/** Time, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` fires; says which. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'>;
  /**
   * The same for a bound on what somebody else does: it counts the time in which this process ran. Of a time in which it was stopped (Ctrl-Z, a
   * laptop that slept) at most an eighth of the bound counts, so that an answer that came meanwhile is heard first.
   */
  bound(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'>;
}
