import type { Result } from 'neverthrow';
import type { FaultCause } from '../faults/job-fault.js';
import type { Journal } from './journal.js';

/** Pauses before the host is asked again after a lost connection, ms: 30 s in all. */
const PAUSES_MS = [100, 250, 500, 1000, 2000, 5000, 5000, 5000, 5000, 5000] as const;

export interface OutageWait<E> {
  readonly journal: Pick<Journal, 'pause'>;
  /** Bounds it all. */
  readonly signal: AbortSignal;
  readonly causeOf: (error: E) => FaultCause | undefined;
}

/**
 * What is to be done to a machine at its end, tried again while the connection is lost, as following a job does: a host that is away for
 * a moment keeps no machine, and takes none away.
 */
export async function throughOutages<T, E>(
  attempt: () => Promise<Result<T, E>>,
  { journal, signal, causeOf }: OutageWait<E>,
): Promise<Result<T, E>> {
  let result = await attempt();
  for (const pause of PAUSES_MS) {
    if (result.isOk() || !isOutage(causeOf(result.error))) break;
    if ((await journal.pause(pause, signal)) === 'aborted') break;
    result = await attempt();
  }
  return result;
}

/** What another attempt may find over. */
function isOutage(cause: FaultCause | undefined): boolean {
  return cause?.kind === 'connection_lost' || cause?.kind === 'unreachable';
}
