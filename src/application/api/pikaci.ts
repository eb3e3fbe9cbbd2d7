import type { Result } from 'neverthrow';
import type { HostsDocument } from '../../domain/records/host-documents.js';
import type { DoctorOptions } from '../doctor/doctor.js';
import type { DoctorReport } from '../doctor/doctor-report.js';
import type { JobFault } from '../faults/job-fault.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { ListedCache, RemoveCacheOptions } from '../gc/host-caches.js';
import type { ReapOptions } from '../gc/reap.js';
import type { ReapReport } from '../gc/reap-report.js';
import type { JobFork } from '../job/fork-job.js';
import type { JobCallOptions, JobRun, RunJobInput } from '../job/job-call.js';
import type { GuestShell, ShellCall } from '../machine/guest-shell.js';
import type { PoolChange, PoolStatus } from '../machine/incus/pool-status.js';
import type { PoolOptions } from '../machine/incus/warm-pool.js';
import type { InheritedNetwork } from '../machine/inherited/host-network.js';
import type { MachineListing } from '../open-machine/list-machines.js';
import type { OpenMachine } from '../open-machine/open-machine.js';
import type {
  ForkOptions,
  MachineCallOptions,
  OpenMachineInput,
} from '../open-machine/open-machine-input.js';
import type { KeptJob } from '../recover/kept-job.js';
import type { KeptRun } from '../recover/kept-run.js';
import type { RecoverInput, RecoverReport } from '../recover/recover-jobs.js';
import type { RerunOptions, ResumeOptions, RunTargetInput, TargetRun } from '../target/target-run.js';
import type {
  BuildTemplatesInput,
  BuiltTemplate,
  TargetTemplatesInput,
  TemplateInfo,
} from '../target/target-templates.js';
import type { ExportedTemplate, TemplateSink } from '../template/export-template.js';
import type {
  ListedTemplate,
  RemoveTemplateOptions,
  TemplateShellCall,
  TemplateTransferOptions,
} from '../template/host-templates.js';
import type { ImportedTemplate } from '../template/import-template.js';

export type { ReapOptions } from '../gc/reap.js';
export type { JobCallOptions, JobRun, RunJobInput } from '../job/job-call.js';
export type { OnAbort } from '../step/on-abort.js';

/** One host, ready to run jobs. Connections are made on first use. */
export interface Pikaci extends AsyncDisposable {
  /** `user@host:port`, or `local`. */
  readonly host: string;
  /** Runs one job in a fresh machine. `Ok` whenever the job ended, passed or not; `Err` on a system failure. */
  runJob(input: RunJobInput): Promise<Result<JobRun, JobFault>>;
  /**
   * Runs a target: its prepare nodes and jobs in the order that they depend on each other, on one snapshot, under one id,
   * recorded in the state root. `Ok` whenever the run ended, passed or not.
   */
  runTarget(input: RunTargetInput): Promise<Result<TargetRun, JobFault>>;
  /** Runs again what a recorded run set out to do, on the workspace as it is now. */
  rerun(runId: string, options?: RerunOptions): Promise<Result<TargetRun, JobFault>>;
  /**
   * Goes on with a run whose runner is gone, under its own id: takes up what still runs, collects what has ended, and runs the rest of its plan.
   * A run that has ended is given as it ended. One that the state root does not have is taken from what its host keeps, as `recoverRun` does.
   */
  resume(runId: string, options?: ResumeOptions): Promise<Result<TargetRun, JobFault>>;
  /** Takes up a job whose runner is gone: follows it from the last byte kept, or collects what has finished meanwhile. */
  attach(runId: string, jobId: string, options?: JobCallOptions): Promise<Result<JobRun, JobFault>>;
  /** Opens a terminal in the machine of a job that runs, or that was kept after it failed, as the job's user; of 80 by 24 when the call does not say. */
  shell(runId: string, jobId: string, call?: ShellCall): Promise<Result<GuestShell, JobFault>>;
  /**
   * Opens a machine that stays up between steps, until it is released or its lease ends. `await using` releases it. Any number of
   * processes may hold it at once; steps run one at a time.
   */
  openMachine(input?: OpenMachineInput): Promise<Result<OpenMachine, OpenMachineFault>>;
  /**
   * Takes up a machine that this process or another opened, by its id. `no_such_machine`, `machine_released` and `machine_gone` say
   * why it cannot be had.
   */
  attachMachine(id: string, options?: MachineCallOptions): Promise<Result<OpenMachine, OpenMachineFault>>;
  /**
   * Opens a machine with the files of a job's that runs, or that was kept after it failed, as they are now; the job's goes on as it is.
   * Secrets are not in the copy, unless the job has written them somewhere. Containers of Incus only.
   */
  fork(runId: string, jobId: string, options?: ForkOptions): Promise<Result<JobFork, OpenMachineFault>>;
  /** The recorded machines, and what has become of each. */
  listMachines(options?: {
    readonly signal?: AbortSignal;
  }): Promise<Result<MachineListing, OpenMachineFault>>;
  /** Makes the templates of a target that are not on the host, without a run. The first that fails ends it. */
  buildTemplates(input: BuildTemplatesInput): Promise<Result<readonly BuiltTemplate[], JobFault>>;
  /** What the keys of a target's templates are made of, and whether each is on the host. Makes nothing. */
  examineTemplates(input: TargetTemplatesInput): Promise<Result<readonly TemplateInfo[], JobFault>>;
  /** The templates on the host, whoever made them; the one that was used last at the front. */
  listTemplates(options?: {
    readonly signal?: AbortSignal;
  }): Promise<Result<readonly ListedTemplate[], JobFault>>;
  /** Removes a template by its name or the beginning of its key, and gives its key; one in use only with `force`. */
  removeTemplate(which: string, options?: RemoveTemplateOptions): Promise<Result<string, JobFault>>;
  /** Opens a terminal in a copy of a template, by its name (the one that was used last) or key. The copy goes with the shell. */
  templateShell(which: string, call?: TemplateShellCall): Promise<Result<GuestShell, OpenMachineFault>>;
  /**
   * Writes a template, by its name or key, as an image of Incus: into a file, which appears when all of it is on the disk, or piece by
   * piece to whoever takes it. A signal is not heard while the daemon makes the image.
   */
  exportTemplate(
    which: string,
    sink: TemplateSink,
    options?: TemplateTransferOptions,
  ): Promise<Result<ExportedTemplate, JobFault>>;
  /**
   * Makes a template of what `exportTemplate` has written, such as `createReadStream(path)`: the next run that asks for it on this host
   * finds it. Whoever imports a file trusts whoever made it.
   */
  importTemplate(
    content: AsyncIterable<Uint8Array>,
    options?: TemplateTransferOptions,
  ): Promise<Result<ImportedTemplate, JobFault>>;
  /** The caches on the host, whoever made them; the one that was used last at the front. */
  listCaches(options?: { readonly signal?: AbortSignal }): Promise<Result<readonly ListedCache[], JobFault>>;
  /** Removes a cache by its key or the beginning of its id, and says which it was; one in use only with `force`. */
  removeCache(which: string, options?: RemoveCacheOptions): Promise<Result<ListedCache, JobFault>>;
  /** The machines of the host that run and wait, of every pool of the project. */
  poolStatus(options?: PoolOptions): Promise<Result<PoolStatus, JobFault>>;
  /** Makes what is missing in the configured pool, and replaces what is of another image, or too old. Jobs do so behind their results. */
  fillPool(options?: PoolOptions): Promise<Result<PoolChange, JobFault>>;
  /** Removes all machines of the project that wait. Those that jobs have taken go on. */
  drainPool(options?: PoolOptions): Promise<Result<PoolChange, JobFault>>;
  /** What reapers have kept on the host of jobs that no runner collected; what was kept last at the front. */
  keptJobs(options?: { readonly signal?: AbortSignal }): Promise<Result<readonly KeptJob[], JobFault>>;
  /** The runs whose records are on the host: those that go on, and those whose runner is gone. */
  keptRuns(options?: { readonly signal?: AbortSignal }): Promise<Result<readonly KeptRun[], JobFault>>;
  /**
   * Brings the records of a run whose runner is gone from the host into the state root, where it is `interrupted` then; logs and artifacts of jobs that
   * have ended are not there. A run that is in the state root stays as it is.
   */
  recoverRun(
    runId: string,
    options?: Pick<ResumeOptions, 'id' | 'workspace' | 'signal'>,
  ): Promise<Result<void, JobFault>>;
  /**
   * Brings jobs back into the state root that were kept on the host: log, outcome and artifacts. What is recorded there of another machine, or
   * has its end, is not replaced, and is among the refused.
   */
  recover(input: RecoverInput): Promise<Result<RecoverReport, JobFault>>;
  /**
   * Deletes the instances whose lease has ended, and none that is renewed, and keeps on the host what their jobs have left; then what the host keeps beyond the bounds, and nothing
   * that is used. Safe to run twice at once.
   */
  reap(options?: ReapOptions): Promise<Result<ReapReport, JobFault>>;
  /** Looks at everything that a job will need, and says what to do about what is wrong; with `machine` it makes one, too, and removes it. */
  doctor(options?: DoctorOptions): Promise<DoctorReport>;
  /**
   * What the host has, or each member of its cluster that jobs may run on, what runs and waits there, and what is kept. Makes nothing. One that
   * does not answer within 15 s is told as such.
   */
  lookAtHosts(options?: { readonly signal?: AbortSignal }): Promise<HostsDocument>;
  /** What machines get of the network that the host is in, as `inherit` of the configuration asks for it (docs/operations.md). Asks the host, and makes nothing. */
  inherited(): Promise<Result<InheritedNetwork, JobFault>>;
  /** Waits (bounded) for clean-ups that are under way, leaves the machines that this process holds, then closes the connections. */
  close(): Promise<void>;
}
