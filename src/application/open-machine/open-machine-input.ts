import type { OpenMachineSpecInput } from '../../domain/machine/open-machine-spec.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';

/** Who hears of a machine while it is opened or taken up, and what ends the attempt. */
export interface MachineCallOptions {
  /** Gets the phases of opening, warnings, and `cleaned_up`. */
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** How a machine is opened, whatever it is to be. */
export interface OpenOptions extends MachineCallOptions {
  /** A new one is made when left out: like a run id, it sorts by time. */
  readonly id?: string;
  /** Instead of `incus.quotaWaitSecs`: how long a machine is waited for that the project has no room for. */
  readonly quotaWaitSecs?: number;
}

export interface OpenMachineInput extends OpenMachineSpecInput, OpenOptions {}

/** How the copy of a machine is opened. */
export interface ForkOptions extends OpenOptions {
  /** How long the copy stays when no process holds it; that of the original, or 600 s for a job's, when left out. */
  readonly leaseSecs?: number;
}

/** What a machine is made from where that is no image, and no workspace that is read anew. */
export interface MachineOrigin {
  readonly base: MachineBaseSource;
  /** Where it has to be made; as configured when left out. */
  readonly incusProject?: string;
  /** The workspace that it mounts, on the host already; null for none. The one of the machine's description when left out. */
  readonly snapshotHash?: string | null;
  /** For the record. */
  readonly forkedFrom?: NonNullable<MachineRecord['forked_from']>;
}
