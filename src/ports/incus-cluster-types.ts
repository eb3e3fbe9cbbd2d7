import type { IncusConfig } from './incus-types.js';

/** What the host of the daemon has. */
export interface IncusResources {
  /** Processors, as the kernel counts them. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** A member of a cluster. */
export interface IncusMember {
  readonly name: string;
  /** Of its API: `https://ADDRESS:PORT`. */
  readonly url: string;
  /** `Online`, `Offline`, `Evacuated`, `Blocked` … as the daemon says. For half a minute after one has died others may be called offline too. */
  readonly status: string;
  readonly message: string;
  /** As in `uname -m`. */
  readonly architecture: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** Such as `scheduler.instance`. */
  readonly config: IncusConfig;
}

/** What a member of a cluster has at the moment. */
export interface IncusMemberState {
  readonly totalMemoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Of 1, 5 and 15 minutes. */
  readonly loadAverages: readonly number[];
  /** Space of its storage pools, by their names. */
  readonly pools: Readonly<Record<string, { readonly totalBytes: number; readonly usedBytes: number }>>;
}

/** Which member of a cluster a question is about; left out, the one that answers. */
export interface OfMember {
  readonly target?: string | undefined;
}
