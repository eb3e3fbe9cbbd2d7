import type { IncusFault } from '../../ports/incus-fault.js';
import type { JobFault } from '../faults/job-fault.js';
import { incusFault } from '../faults/port-faults.js';

/** A template that is not there for its jobs. */
export function templateFault(host: string, message: string): JobFault {
  return { kind: 'template_failed', phase: null, host, message };
}

/** What the daemon refused while a template was looked for, made or removed. */
export function whileAtTemplate(fault: IncusFault, what: string): JobFault {
  const known = incusFault(fault, null);
  return { ...known, message: `${what}: ${known.message}` };
}
