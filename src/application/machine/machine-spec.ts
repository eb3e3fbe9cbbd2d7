import type { GuestRequest } from '../../domain/job/guest-request.js';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import type { HostDirectory } from '../../domain/machine/host-directory.js';
import type { AskedShare } from '../../domain/machine/host-share.js';
import type { RemoteLayout } from '../../domain/machine/remote-layout.js';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';

/** What a machine is made with, whatever will run in it. A job's description has all of it. */
export type MachineSpec = Pick<
  JobSpec,
  | 'limits'
  | 'requests'
  | 'priority'
  | 'instanceType'
  | 'extraProfiles'
  | 'preparedOutputs'
  | 'writableWorkspace'
> & {
  /** How long it has waited for a host that has room, ms: so much earlier it came than its place in the queue there is made. */
  readonly waitedMs?: number;
  /** A job of a run may have some. */
  readonly artifactsFrom?: readonly StagedArtifacts[];
  /** An open machine may have some. */
  readonly hostDirectories?: readonly HostDirectory[];
  readonly hostOwner?: { readonly uid: number; readonly gid: number } | undefined;
};

/** Where the host's capacity is said, what is bounded asks for that much. */
export function withRequests<S extends MachineSpec>(spec: S, capacity: AskedShare | null): S {
  const isBounded = spec.limits.cpu !== undefined || spec.limits.memory !== undefined;
  return spec.requests === undefined && capacity !== null && isBounded ? { ...spec, requests: {} } : spec;
}

/** What a machine mounts: the outputs and the artifacts of other jobs that it was given, and its snapshot where it has one. */
export function mountsOf(
  { spec, place }: { readonly spec: MachineSpec; readonly place: MachinePlace },
  { remoteSnapshotDir }: Pick<RemoteLayout, 'remoteSnapshotDir'>,
) {
  const snapshotDir = place.snapshotHash === undefined ? null : remoteSnapshotDir;
  const { preparedOutputs, artifactsFrom = [] } = spec;
  return { preparedOutputs, artifactsFrom, snapshotDir };
}

/** What a microVM starts as it boots. Its machine powers off when that has ended, or some time after. */
export interface BootRequest {
  readonly request: GuestRequest;
  readonly secrets: Readonly<Record<string, string>>;
  /** Globs of what is to be collected: the workspace's part is set aside before the machine powers off. */
  readonly artifacts: readonly string[];
  /** What the request may take in all, in seconds. */
  readonly lifeSecs: number;
  /** How long the machine stays when the request failed, in seconds; 0 when it goes at once. */
  readonly keepFailedSecs: number;
}

/** What a machine is made from, where that was found out before: the image, or a snapshot of an instance that was made from it. */
export interface MachineBaseSource {
  /** The image, or the one at the bottom of what is copied. */
  readonly image: IncusImageIdentity;
  readonly copyOf?: { readonly instance: string; readonly snapshot: string };
  /** What is copied is a machine in which something has run: what is that machine's own is taken out of the copy. */
  readonly isFork?: boolean;
}

/** Whose machine it is: the ids that its name and its directories on the host are made of. */
export interface MachinePlace {
  readonly runId: string;
  readonly jobId: string;
  /** Which machine of these ids. */
  readonly acquisition: Acquisition;
  /** Where it was made, when that is recorded; the configured project otherwise. */
  readonly incusProject?: string;
  /** Alias of the image; the configured one otherwise. */
  readonly incusImageAlias?: string;
  /** Where it has another name than its ids give it: it was there before they were known. */
  readonly instanceName?: string;
  /** The pool in which it is to wait. */
  readonly pool?: string;
  /** What it is made from, where that was found before; the alias is asked for otherwise. */
  readonly base?: MachineBaseSource;
  /** It stays stopped when it stops, as a service does, and one that becomes a template. Incus only. */
  readonly isKept?: boolean;
  /** Its disk becomes a layer when it has ended. MicroVMs only. */
  readonly keepsDisk?: boolean;
  /** Of the workspace that it mounts. */
  readonly snapshotHash?: string;
  /** Its steps are given to it one by one while it is up; nothing is started as it boots. */
  readonly isOpen?: boolean;
}
