import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from './machine-backend.js';

/** Of a machine whose caller wanted it no more before its turn had come. */
export function cancelledBefore({ context }: Machine): JobFault {
  const message = 'cancelled before the machine was made';
  return { kind: 'cancelled', phase: 'launch_guest', host: context.shared.remoteHost, message };
}
