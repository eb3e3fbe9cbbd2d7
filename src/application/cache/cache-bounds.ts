/** A pool that does not share blocks copies every file: so long may one copy take. */
export const COPY_BOUND_MS = 20 * 60_000;
/** How long whoever fills or removes a volume is left alone; longer than it may take. */
export const SAVER_MS = 30 * 60_000;
/** Until then a copy has its machine, or nobody wants it. */
export const COPY_LEASE_MS = 45 * 60_000;
/** For one call that copies nothing. */
export const CALL_BOUND_MS = 60_000;
