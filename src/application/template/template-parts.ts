import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { HostTime } from '../lease/host-time.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { RoomLines } from '../machine/room-line.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { TemplateHome } from './template-home.js';

/** What templates are made with, whatever kind of machine they are for. */
export interface MakerParts {
  readonly ports: { readonly incus: IncusApi; readonly clock: Clock; readonly localFiles: FileStore };
  readonly settings: Pick<
    JobSettings,
    'incusProject' | 'leaseMs' | 'maxLogBytes' | 'quotaWaitMs' | 'reconnectMs' | 'trust'
  >;
  readonly backends: Pick<MachineBackends, 'machine' | 'names'>;
  readonly hostTime: HostTime;
  readonly lines: RoomLines;
}

export interface TemplateParts extends MakerParts {
  readonly home: TemplateHome;
}
