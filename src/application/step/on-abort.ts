/**
 * What firing the signal does to a job that runs: `cancel` ends it (TERM, grace, KILL) and still collects; `destroy`
 * removes the machine at once; `detach` leaves it running for `attach`.
 */
export type OnAbort = 'cancel' | 'destroy' | 'detach';
