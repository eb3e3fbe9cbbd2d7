import type { Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import type { Lease } from '../../domain/machine/lease.js';
import type {
  RemoteLinuxVmBackend,
  RemoteLinuxVmContext,
} from '../../domain/machine/remote-linux-vm-context.js';
import type { CacheVolumes } from '../cache/cache-volumes.js';
import type { MachineCaches } from '../cache/machine-caches.js';
import type { CachesCall, RestoredCaches } from '../cache/restore-caches.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeaseStore } from '../lease/lease-store.js';
import type { MachineSupervisor } from '../supervisor/guest.js';
import type { GuestShell, ShellCall, ShellLogin } from './guest-shell.js';
import type { LeasedMachine } from './leased-machine.js';
import type { BootRequest, MachinePlace, MachineSpec } from './machine-spec.js';
import type { ServiceNetworks } from './service-networks.js';

/** One kind of machine on the host. Incus and microVM implement it; the wiring chooses. */
export interface MachineBackend {
  readonly name: RemoteLinuxVmBackend;
  /** A handle on a machine, whether it is there or not. */
  machine(place: MachinePlace): Machine;
  /** All machines on the host that carry a lease. */
  leased(signal: AbortSignal): Promise<Result<readonly LeasedMachine[], JobFault>>;
  /** Directories of the host that machines mount now, whoever owns them. */
  mountedSources(signal: AbortSignal): Promise<Result<readonly string[], JobFault>>;
  /** Names of the machines that there are, with a lease or without, as `incusInstanceName` has them. */
  names(signal: AbortSignal): Promise<Result<readonly string[], JobFault>>;
  /** Where the caches of its machines lie; null where the host has no place for them. */
  cacheVolumes(signal: AbortSignal): Promise<Result<CacheVolumes | null, JobFault>>;
  /** Removes a machine that waits for a job, so that there is room for another; false when there is none. */
  makeRoom?(signal: AbortSignal): Promise<boolean>;
  /** Why there is never room for so many machines at once, in a sentence; null where there may be. */
  whyNever?(machines: number, signal: AbortSignal): Promise<string | null>;
  /** Which daemon has the machines, as it said when it was last asked for its time; null where it has not said, or there is none. */
  readonly daemon: string | null;
  /** Networks for a job and its services; null where there are none of these. */
  readonly serviceNetworks: ServiceNetworks | null;
  /** The host's clock, ms since the epoch; null when it does not say. */
  hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>>;
}

/** A handle on one machine. */
export interface Machine {
  readonly context: RemoteLinuxVmContext;
  /** Which machine of these ids is meant. */
  readonly acquisition: Acquisition;
  /** How an operator finds it. */
  readonly name: string;
  readonly supervisor: MachineSupervisor;
  /** That of another machine of these ids is not found. */
  readonly lease: LeaseStore;
  /** What it has of caches. */
  readonly caches: MachineCaches;
  /** What it would be made from, as far as that does not depend on the workspace. */
  resolveBase(signal: AbortSignal): Promise<Result<MachineBase, JobFault>>;
  /** Keeps its files as they are now, so that another machine can be made with them; it goes on meanwhile. */
  snapshot(signal: AbortSignal): Promise<Result<MachineSnapshot, JobFault>>;
  /** Opens a terminal in it. */
  openShell(login: ShellLogin, call: ShellCall): Promise<Result<GuestShell, JobFault>>;
  /** Removes it, and no other machine of these ids. Idempotent. */
  remove(signal: AbortSignal): Promise<Result<void, JobFault>>;
}

/** The files of a machine at one moment. It goes with the machine, if not before. */
export interface MachineSnapshot {
  readonly instance: string;
  readonly snapshot: string;
  /** What was made from it stays. */
  remove(): Promise<Result<void, JobFault>>;
}

/** What a machine is made from. */
export interface MachineBase {
  readonly image: IncusImageIdentity | null;
  /** Checks and prepares all that creating needs. The place has the hash of the staged snapshot. */
  plan(input: PlanInput, signal: AbortSignal): Promise<Result<MachinePlan, JobFault>>;
}

export interface PlanInput {
  readonly place: MachinePlace;
  readonly spec: MachineSpec;
  readonly boot: BootRequest | null;
  /** Directories that begin with what is kept for them; none when left out. */
  readonly caches?: CachesCall;
}

/** A machine that can be created: nothing is missing but its lease. */
export interface MachinePlan {
  readonly machine: Machine;
  readonly image: IncusImageIdentity | null;
  /** What it has of its caches, copied by now. */
  readonly caches?: RestoredCaches;
  /** Removes what the plan has made for a machine that will not be; what fails is left to a reaper. */
  discard?(): Promise<void>;
  /** Whether it waits until its host has what it asks for; not when left out. */
  readonly isQueued?: boolean;
  /** Whether it asks for more than a limit of its project allows in all; false where that is not known. */
  neverFits?(signal: AbortSignal): Promise<boolean>;
  /**
   * When it did not start: the same without the caches that the image lets nothing be mounted for, each with a warning; null where it has
   * none of these.
   */
  leaveOutCaches?(lease: Lease, signal: AbortSignal): Promise<MachinePlan | null>;
  /**
   * Takes a machine that waits instead of making one, where there are such; the handle on it, or why there was none. Only the lease is
   * missing, as for `create`.
   */
  claim?(
    call: { readonly lease: Lease; readonly nowMs: number },
    signal: AbortSignal,
  ): Promise<{ readonly machine: Machine } | { readonly why: string }>;
  /** Creates and starts it. What a failed attempt left is removed. */
  create(lease: Lease, signal: AbortSignal): Promise<Result<void, JobFault>>;
  /** Puts into the machine that was created, or claimed, what its steps are to find there; says what did not go well. */
  equip?(machine: Machine, signal: AbortSignal): Promise<Result<readonly string[], JobFault>>;
}
