import type { Phase } from '../../domain/machine/phase.js';
import type { FileFault } from '../../ports/file-store.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { ShellFault } from '../../ports/remote-shell.js';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import type { JobFault } from './job-fault.js';

/** How each port's faults become a job's. */

export function hostFault(fault: ShellFault, phase: Phase | null): JobFault {
  const kind = fault.kind === 'aborted' ? 'cancelled' : 'host';
  return { kind, phase, host: fault.host, message: fault.message, cause: fault };
}

export function hostFilesFault(fault: FileFault, phase: Phase | null): JobFault {
  if (fault.cause !== undefined) return hostFault(fault.cause, phase);
  const kind =
    fault.kind === 'aborted' ? 'cancelled' : fault.kind === 'connection_lost' ? 'host' : 'host_files';
  const message = `${fault.operation} ${fault.path} on ${fault.host}: ${fault.message}`;
  return { kind, phase, host: fault.host, message, cause: fault };
}

export function localFilesFault(fault: FileFault, phase: Phase | null): JobFault {
  const kind = fault.kind === 'aborted' ? 'cancelled' : 'local_files';
  const message = `${fault.operation} ${fault.path} on this machine: ${fault.message}`;
  return { kind, phase, host: fault.host, message, cause: fault };
}

export function incusFault(fault: IncusFault, phase: Phase | null): JobFault {
  const kind = fault.kind === 'aborted' ? 'cancelled' : 'incus';
  return { kind, phase, host: fault.host, message: `${fault.tried}: ${fault.message}`, cause: fault };
}

export function workspaceFault(fault: ScanFault, host: string): JobFault {
  const kind = fault.kind === 'aborted' ? 'cancelled' : 'workspace';
  return {
    kind,
    phase: 'stage_workspace_snapshot',
    host,
    message: fault.message,
    field: 'workspace',
    cause: fault,
  };
}
