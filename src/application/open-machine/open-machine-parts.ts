import type { LogReader } from '../../ports/log-reader.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { HostTime } from '../lease/host-time.js';
import type { AcquireMachine } from '../machine/acquire-machine.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { JobServices } from '../services/job-services.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';

export interface OpenMachineParts {
  readonly ports: JobPorts & {
    /** Commands on this machine: `tar` reads what is uploaded. */
    readonly localShell: RemoteShell;
    /** The kept logs of steps. */
    readonly logReader: LogReader;
  };
  readonly settings: Pick<
    JobSettings,
    'stateRoot' | 'reconnectMs' | 'maxLogBytes' | 'incusCapacity' | 'quotaWaitMs'
  >;
  readonly backends: MachineBackends;
  readonly stageSnapshot: StageSnapshot;
  readonly acquireMachine: AcquireMachine;
  readonly hostTime: HostTime;
  readonly jobServices: JobServices;
}
