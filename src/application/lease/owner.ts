import { randomBytes } from 'node:crypto';

const REAPER = 'reaper-';

/** A token for whoever looks after a machine from now on. */
export function newOwner(): string {
  return randomBytes(16).toString('hex');
}

export const newReaper = () => `${REAPER}${newOwner()}`;
export const isReaper = (owner: string) => owner.startsWith(REAPER);
