import type { AskedShare } from '../../domain/machine/host-share.js';
import type { Inherit } from '../../domain/machine/inherited-variables.js';
import type { MachineLimits } from '../../domain/machine/machine-limits.js';
import type { RetentionBounds } from '../../domain/target/retention.js';
import type { Trust } from '../../domain/values/trust.js';
import type { MicrovmSettings } from './microvm-settings.js';
import type { SupervisorSource } from './supervisor-source.js';

/** What the services take from the configuration. */
export interface JobSettings {
  readonly backend: 'incus' | 'microvm';
  readonly trust: Trust;
  readonly incusProject: string;
  readonly incusProfile: string;
  readonly incusImageAlias: string;
  readonly incusLimits: MachineLimits;
  /** Machines that run and wait; null for none. */
  readonly warm: WarmSettings | null;
  /** Networks that are there for jobs with services, each for one at a time; none where pikaci makes one for each. */
  readonly serviceNetworks: readonly string[];
  /** What of the host machines may ask for in all, as far as that is said; null where it is not, and only those wait that say `requests`. */
  readonly incusCapacity: AskedShare | null;
  /** Where the daemon is in a cluster; nothing is known beforehand when left out. */
  readonly cluster?: ClusterSettings;
  /** How long a machine is waited for that the project or its host has no room for, ms. */
  readonly quotaWaitMs: number;
  /** Directories of the host, of which one is there where Incus is installed; none when its absence cannot be seen there. */
  readonly incusHomes?: readonly string[];
  /** What machines get of the host's environment, which is this machine's where `environment` has it. */
  readonly inherit: Inherit & { readonly environment: Readonly<Record<string, string | undefined>> | null };
  readonly supervisor: SupervisorSource;
  readonly microvm: MicrovmSettings;
  /** On the host. */
  readonly workDir: string;
  /** On this machine. */
  readonly stateRoot: string;
  readonly leaseMs: number;
  readonly reconnectMs: number;
  readonly maxLogBytes: number;
  readonly retention: RetentionBounds;
}

/** What a daemon in a cluster cannot be asked. */
export interface ClusterSettings {
  /** The member that the host is; null where that is found out. */
  readonly member: string | null;
  /** Whether the daemon is asked on the host itself. */
  readonly isOwnDaemon: boolean;
  /** What jobs may run on, beside or instead of the host; null for both: the host alone. */
  readonly members: readonly string[] | null;
  readonly group: string | null;
}

/** The machines of a pool that run and wait. */
export interface WarmSettings {
  readonly size: number;
  readonly imageAlias: string;
  /** By its name: copies of it wait instead of machines of the image. */
  readonly template: string | null;
  readonly instanceType: 'container' | 'virtual-machine';
  readonly maxAgeMs: number;
}
