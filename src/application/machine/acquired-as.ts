import type { MachineAcquired } from '../../domain/job/job-outcome.js';
import type { Machine } from './machine-backend.js';

/** What is recorded of a claim; nothing where no machines wait. */
export function acquiredAs(claimed: { readonly machine: Machine } | { readonly why: string } | undefined): {
  readonly acquired?: MachineAcquired;
} {
  if (claimed === undefined) return {};
  return { acquired: 'why' in claimed ? { from: 'cold', reason: claimed.why } : { from: 'warm' } };
}
