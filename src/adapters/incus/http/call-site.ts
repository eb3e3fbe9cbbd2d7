import type { IncusFault } from '../../../ports/incus-fault.js';

/** Where and what a call is, for the faults that it may end in. */
export interface CallSite {
  readonly host: string;
  /** Such as `POST /1.0/instances`; carries no secret. */
  readonly tried: string;
}

export function fault(
  site: CallSite,
  kind: IncusFault['kind'],
  message: string,
  status: number | null = null,
): IncusFault {
  return { kind, host: site.host, tried: site.tried, status, message };
}
