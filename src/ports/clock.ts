/** Time, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` fires; says which. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'>;
}
