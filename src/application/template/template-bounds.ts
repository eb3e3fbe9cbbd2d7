/** How long what is being removed is left to who removes it, ms. */
export const CLAIM_MS = 120_000;
/** For the removal of a machine in which a template was made, ms. */
export const REMOVE_BOUND_MS = 90_000;
