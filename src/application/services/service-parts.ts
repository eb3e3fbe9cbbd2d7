import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { Journal } from '../events/journal.js';
import type { HostTime } from '../lease/host-time.js';
import type { AcquireMachine } from '../machine/acquire-machine.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';

export interface ServiceParts {
  readonly ports: Pick<JobPorts, 'localFiles' | 'hostFiles' | 'clock'>;
  readonly settings: Pick<JobSettings, 'leaseMs' | 'maxLogBytes' | 'reconnectMs'>;
  readonly backends: MachineBackends;
  readonly acquireMachine: AcquireMachine;
  readonly hostTime: HostTime;
}

/** The job that services are beside: a `JobSession` has all of it. */
export interface ServedJob extends Journal {
  /** By which its machine, and those of its services, are named: another for each attempt. */
  readonly machineId: string;
  readonly runId: string;
  readonly state: Pick<JobStateLayout, 'jobDir'>;
  readonly job: { readonly id: string; readonly secrets: Readonly<Record<string, string>> };
  readonly secretValues: readonly string[];
}
