import type { Phase } from '../../domain/machine/phase.js';
import type { FileFault } from '../../ports/file-store.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { ShellFault } from '../../ports/remote-shell.js';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import type { FaultCause, JobFault } from './job-fault.js';

/** How each port's faults become a job's. */

/** False when no connection to the host could be made: nothing was done there. */
export function wasReached(fault: FaultCause): boolean {
  switch (fault.kind) {
    case 'unreachable':
      return 'status' in fault || fault.endpoint !== undefined;
    case 'host_key_refused':
      return fault.knownHostsFile === '';
    case 'authentication_failed':
      return false;
    default:
      return true;
  }
}

export function hostFault(fault: ShellFault, phase: Phase | null): JobFault {
  const at = { phase, host: fault.host, message: fault.message, cause: fault };
  if (fault.kind === 'source_changed') return { ...at, kind: 'workspace', field: 'workspace' };
  return { ...at, kind: fault.kind === 'aborted' ? 'cancelled' : 'host' };
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

/** Where the host itself cannot be reached, it is not Incus that has failed. */
export function incusFault(fault: IncusFault, phase: Phase | null): JobFault {
  if (fault.cause !== undefined && !wasReached(fault.cause)) return hostFault(fault.cause, phase);
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
