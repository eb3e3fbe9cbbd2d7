import type { Result } from 'neverthrow';
import type { JobCallOptions, JobRun, Pikaci, ReapOptions, RunJobInput } from '../application/api/pikaci.js';
import type { Doctor } from '../application/doctor/doctor.js';
import type { JobFault } from '../application/faults/job-fault.js';
import type { OpenMachineFault } from '../application/faults/machine-fault.js';
import type { Reap } from '../application/gc/reap.js';
import type { AttachJob } from '../application/job/attach-job.js';
import type { RunJob } from '../application/job/run-job.js';
import type { GuestShell, ShellCall } from '../application/machine/guest-shell.js';
import type { MachineListing } from '../application/open-machine/list-machines.js';
import type { OpenMachine } from '../application/open-machine/open-machine.js';
import type {
  MachineCallOptions,
  OpenMachineInput,
  OpenMachines,
} from '../application/open-machine/open-machines.js';
import { rerun } from '../application/target/rerun.js';
import type { RunTarget } from '../application/target/run-target.js';
import type { RerunOptions, RunTargetInput, TargetRun } from '../application/target/target-run.js';
import type { Clock } from '../ports/clock.js';
import type { FileStore } from '../ports/file-store.js';
import type { Processes } from '../ports/processes.js';

const CLOSE_BOUND_MS = 120_000;

export interface WiredParts {
  readonly host: { readonly host: string };
  readonly runJob: RunJob;
  readonly runTarget: RunTarget;
  readonly localFiles: FileStore;
  readonly processes: Processes;
  readonly stateRoot: string;
  readonly attachJob: AttachJob;
  readonly openMachines: OpenMachines;
  readonly listMachines: (signal: AbortSignal | undefined) => Promise<Result<MachineListing, JobFault>>;
  readonly shell: (
    job: { readonly runId: string; readonly jobId: string },
    call: ShellCall,
  ) => Promise<Result<GuestShell, JobFault>>;
  readonly reap: Reap;
  readonly doctor: Doctor;
  readonly clock: Clock;
  /** What this pikaci made and so closes, in order. */
  readonly closing: readonly AsyncDisposable[];
}

/** The library's interface over the services; owns the connections and the clean-ups that are under way. */
export class WiredPikaci implements Pikaci {
  readonly #parts: WiredParts;
  readonly #cleanUps = new Set<Promise<unknown>>();

  constructor(parts: WiredParts) {
    this.#parts = parts;
  }

  get host(): string {
    return this.#parts.host.host;
  }

  async runJob(input: RunJobInput): Promise<Result<JobRun, JobFault>> {
    return this.#owning(await this.#parts.runJob.run(input));
  }

  async runTarget(input: RunTargetInput): Promise<Result<TargetRun, JobFault>> {
    return this.#owning(await this.#parts.runTarget.run(input));
  }

  async rerun(runId: string, options: RerunOptions = {}): Promise<Result<TargetRun, JobFault>> {
    const { localFiles: files, processes, stateRoot, runTarget } = this.#parts;
    return this.#owning(await rerun({ files, processes, stateRoot, runTarget }, runId, options));
  }

  shell(runId: string, jobId: string, call: ShellCall): Promise<Result<GuestShell, JobFault>> {
    return this.#parts.shell({ runId, jobId }, call);
  }

  async attach(
    runId: string,
    jobId: string,
    options: JobCallOptions = {},
  ): Promise<Result<JobRun, JobFault>> {
    return this.#owning(await this.#parts.attachJob.attach(runId, jobId, options));
  }

  openMachine(input: OpenMachineInput = {}): Promise<Result<OpenMachine, OpenMachineFault>> {
    return this.#parts.openMachines.open(input);
  }

  attachMachine(
    id: string,
    options: MachineCallOptions = {},
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    return this.#parts.openMachines.attach(id, options);
  }

  listMachines({ signal }: { readonly signal?: AbortSignal } = {}) {
    return this.#parts.listMachines(signal);
  }

  reap(options: ReapOptions = {}) {
    return this.#parts.reap.reap(options);
  }

  doctor(options: { readonly signal?: AbortSignal } = {}) {
    return this.#parts.doctor.examine(options);
  }

  async close(): Promise<void> {
    const bound = new AbortController();
    await Promise.race([
      Promise.allSettled([...this.#cleanUps]),
      this.#parts.clock.sleep(CLOSE_BOUND_MS, bound.signal),
    ]);
    bound.abort();
    await this.#parts.openMachines.leaveAll();
    for (const part of this.#parts.closing) await part[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #owning<R extends { readonly cleanUp: Promise<unknown> }>(run: Result<R, JobFault>): Result<R, JobFault> {
    if (run.isErr()) return run;
    const { cleanUp } = run.value;
    this.#cleanUps.add(cleanUp);
    void cleanUp.finally(() => this.#cleanUps.delete(cleanUp));
    return run;
  }
}
