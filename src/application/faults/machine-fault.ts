import type { ArtifactReport } from '../../domain/job/artifact.js';
import type { FaultCause, JobFault } from './job-fault.js';

/**
 * Why an open machine did not do what was asked of it. `message` says what was tried, where, and what to do next.
 * - `invalid_machine`, `invalid_step`: what the caller handed in; `field` is the path of the value.
 * - `no_such_machine`: nothing is recorded under the id.
 * - `machine_released`: it was released, by this process or another.
 * - `machine_gone`: it is not on the host any more: its lease ended, or somebody removed it.
 * - `machine_busy`: another step runs in it; the message names it.
 * - `no_such_step`: the machine has no record of the step.
 * - `step_exists`: a step of this id was run before.
 * - `step_lost`: the step left no exit record; what became of it is not known.
 * - `transfer_failed`: files could not be sent, or were not all brought back.
 */
export interface MachineFault {
  readonly kind:
    | 'invalid_machine'
    | 'invalid_step'
    | 'no_such_machine'
    | 'machine_released'
    | 'machine_gone'
    | 'machine_busy'
    | 'no_such_step'
    | 'step_exists'
    | 'step_lost'
    | 'transfer_failed';
  readonly host: string;
  readonly message: string;
  /** Path of the offending value, for faults in what was handed in. */
  readonly field?: string;
  readonly cause?: FaultCause;
  /** Of `machine_busy`: the step that runs, where its id can be told. */
  readonly runs?: string;
  /** Of a download that broke off (`transfer_failed`): what came before, and is kept. */
  readonly brought?: ArtifactReport;
}

/** What the calls of an open machine fail with. */
export type OpenMachineFault = JobFault | MachineFault;
