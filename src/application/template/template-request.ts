import type { Result } from 'neverthrow';
import type { TemplateNode } from '../../domain/target/plan.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBaseSource, MachineSpec } from '../machine/machine-spec.js';

/** A template that is wanted, all of it known that goes into its key. */
export interface TemplateRequest {
  readonly node: TemplateNode;
  readonly key: string;
  readonly base: MachineBaseSource;
  /** Values by their names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of the inputs, once they are on the host; null where there are none. */
  readonly stageInputs: (signal: AbortSignal) => Promise<Result<string | null, JobFault>>;
}

/** The machine in which a setup runs: it has what the node says, and no more. */
export function machineOfSetup({ limits }: TemplateNode): MachineSpec {
  return {
    limits,
    instanceType: 'container',
    extraProfiles: [],
    preparedOutputs: [],
    writableWorkspace: false,
  };
}

export type QueuedCall = (why: string | null) => (ok: boolean) => void;

/** Where what is said while a template is made goes, and when to stop. */
export interface TemplateCall {
  readonly signal: AbortSignal;
  /** The node's log on this machine, and where it stands. */
  readonly log: { readonly guestLog: string; readonly guestLogPosition: string };
  /** Gets what is kept of the log, as it comes. */
  readonly onLog?: ((data: Uint8Array) => void) | undefined;
  /** Its machine begins to wait for room, the first time with the reason; what it gives is called when that has ended. */
  readonly onQueued?: QueuedCall | undefined;
}
