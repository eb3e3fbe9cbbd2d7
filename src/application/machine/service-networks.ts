import type { Result } from 'neverthrow';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../faults/job-fault.js';

/** A machine as a network knows it. */
export interface Networked {
  readonly context: RemoteLinuxVmContext;
  readonly name: string;
  readonly acquisition: Acquisition;
}

/** What a machine is and knows on the network of a job. */
export interface Seat {
  readonly address: string;
  /** Lines for `/etc/hosts`: an address and the names that stand for it. */
  readonly hosts: readonly string[];
}

/** A network that the machines of one job are on, and no others. */
export interface JobNetwork {
  readonly name: string;
  /** Made for the job, and removed with it; others are there for one job after the other. */
  readonly own: boolean;
}

export interface ClaimNetwork {
  /** The job's own machine: the network is the job's while it is on it. */
  readonly machine: Networked;
  readonly runId: string;
  readonly jobId: string;
  /** Until when it is nobody else's though no machine is on it, in the host's time. */
  readonly expiresAtMs: number;
  readonly signal: AbortSignal;
}

export interface GuestAnswer {
  readonly code: number;
  /** The first part of what it wrote to both streams. */
  readonly said: string;
}

/** A command that root starts in a machine. */
export interface GuestCommand {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Networks that a job has for itself and its services. */
export interface ServiceNetworks {
  /** What is made for a job with this machine, whether it is there or not; null where jobs use networks that are there. */
  planned(machine: Networked): JobNetwork | null;
  /** Finds a network on which no other job is, or makes one, and puts the job's machine on it. */
  claim(call: ClaimNetwork): Promise<Result<JobNetwork, JobFault>>;
  /** Puts another machine of the job on it. */
  join(machine: Networked, network: JobNetwork, signal: AbortSignal): Promise<Result<void, JobFault>>;
  /** Gives a machine that is on it its address, and the names of the others. */
  settle(machine: Networked, seat: Seat, signal: AbortSignal): Promise<Result<void, JobFault>>;
  run(machine: Networked, call: GuestCommand, signal: AbortSignal): Promise<Result<GuestAnswer, JobFault>>;
  /** Removes one that was made for a job, once its machines are gone. Idempotent. */
  remove(network: JobNetwork, signal: AbortSignal): Promise<Result<void, JobFault>>;
  /** Removes those that were made for jobs, are in nobody's use, and whose time has ended; their names. */
  sweep(
    nowMs: number,
    options: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ): Promise<Result<readonly string[], JobFault>>;
}
