import { randomBytes, randomUUID } from 'node:crypto';

const REAPER = 'reaper-';

/** A token of the process that owns a machine from now on. */
export function newOwner(): string {
  return randomBytes(16).toString('hex');
}

/** A token for a machine that is being made, which it keeps. */
export function newAcquisition(): string {
  return randomUUID();
}

export const newReaper = () => `${REAPER}${newOwner()}`;
export const isReaper = (owner: string) => owner.startsWith(REAPER);
