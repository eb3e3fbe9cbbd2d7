import { err, ok, type Result } from 'neverthrow';
import { MemoryClock } from '../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../src/adapters/memory/memory-file-store.js';
import { MemoryHttpClient } from '../../../src/adapters/memory/memory-http-client.js';
import { MemoryProcesses } from '../../../src/adapters/memory/memory-processes.js';
import { MemoryShell } from '../../../src/adapters/memory/memory-shell.js';
import { MemoryTracer } from '../../../src/adapters/memory/memory-tracer.js';
import { MemoryWorkspaceScanner } from '../../../src/adapters/memory/memory-workspace-scanner.js';
import type {
  JobCallOptions,
  JobRun,
  Pikaci,
  ReapOptions,
  RunJobInput,
} from '../../../src/application/api/pikaci.js';
import type { DoctorReport } from '../../../src/application/doctor/doctor-report.js';
import type { JobFault } from '../../../src/application/faults/job-fault.js';
import type { EvictionReport } from '../../../src/application/gc/eviction-report.js';
import type { RemoveCacheOptions } from '../../../src/application/gc/host-caches.js';
import type { ReapReport } from '../../../src/application/gc/reap-report.js';
import type { GuestShell } from '../../../src/application/machine/guest-shell.js';
import type {
  ForkOptions,
  MachineCallOptions,
  OpenMachineInput,
} from '../../../src/application/open-machine/open-machine-input.js';
import type { KeptRun } from '../../../src/application/recover/kept-run.js';
import type { RecoverInput } from '../../../src/application/recover/recover-jobs.js';
import { RunTarget } from '../../../src/application/target/run-target.js';
import type { RunTargetInput, TargetRun } from '../../../src/application/target/target-run.js';
import type {
  BuildTemplatesInput,
  TargetTemplatesInput,
} from '../../../src/application/target/target-templates.js';
import type { TemplateSink } from '../../../src/application/template/export-template.js';
import type {
  RemoveTemplateOptions,
  TemplateShellCall,
} from '../../../src/application/template/host-templates.js';
import type { PikaciEvent } from '../../../src/domain/events/event.js';
import { NO_ARTIFACTS } from '../../../src/domain/job/artifact.js';
import type { JobOutcome } from '../../../src/domain/job/job-outcome.js';
import { jobStateLayout } from '../../../src/domain/records/run-layout.js';
import type { TargetConfig } from '../../../src/domain/target/target-config.js';
import type { Trust } from '../../../src/domain/values/trust.js';

export const AT = '2026-11-23T16:45:01.250Z';

type Loose = { readonly type: string; readonly [key: string]: unknown };

/** What a scripted job does and says. */
export class ScriptedJob {
  readonly runId: string;
  readonly jobId: string;
  readonly options: JobCallOptions;

  constructor(runId: string, jobId: string, options: JobCallOptions) {
    this.runId = runId;
    this.jobId = jobId;
    this.options = options;
  }

  emit(event: Loose): void {
    const common = { schema_version: 1, at: AT, run_id: this.runId, job_id: this.jobId };
    this.options.events?.emit({ ...common, ...event } as PikaciEvent);
  }

  log(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.options.events?.emit({ type: 'log_bytes', run_id: this.runId, job_id: this.jobId, data: bytes });
  }

  drained(): Promise<void> {
    return this.options.events?.drained?.() ?? Promise.resolve();
  }

  /** Resolves when the caller's signal has fired. */
  async interrupted(): Promise<void> {
    const { signal } = this.options;
    if (signal === undefined || signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  /** Ends the job as the library does: `job_finished`, then the result. */
  end(
    outcome: Partial<JobOutcome>,
    cleanUp: Promise<Result<void, JobFault>> = Promise.resolve(ok(undefined)),
  ): Result<JobRun, JobFault> {
    const whole: JobOutcome = {
      schema_version: 1,
      run_id: this.runId,
      job_id: this.jobId,
      status: 'passed',
      cause: 'exit',
      exit_code: 0,
      message: '',
      started_at: AT,
      finished_at: AT,
      phases: [],
      log_bytes: 0,
      kept_log_bytes: 0,
      artifacts: NO_ARTIFACTS,
      incus_image: null,
      ...outcome,
    };
    const { status, cause, exit_code, message } = whole;
    this.emit({ type: 'job_finished', status, cause, exit_code, message, duration_ms: 5 });
    const state = jobStateLayout('/state', this.runId, this.jobId);
    return ok({ runId: this.runId, outcome: whole, state, cleanUp });
  }

  fault(fault: Partial<JobFault>): Result<JobRun, JobFault> {
    return err({ kind: 'incus', phase: 'launch_guest', host: 'ci@box:22', message: 'it broke', ...fault });
  }
}

export type JobScript = (job: ScriptedJob, input: RunJobInput | null) => Promise<Result<JobRun, JobFault>>;

export const NOTHING_KEPT: EvictionReport = { evicted: [], kept: { entries: 0, bytes: 0 }, failed: [] };
export const NOTHING_REAPED: ReapReport = {
  deleted: [],
  alive: [],
  failed: [],
  keptJobs: [],
  notKept: [],
  abandoned: [],
  abandonedFailed: null,
  kept: NOTHING_KEPT,
};

/** The library's interface, with what each call answers written by the test. */
export class ScriptedPikaci implements Pikaci {
  readonly host = 'ci@box:22';
  readonly inputs: RunJobInput[] = [];
  readonly targetInputs: RunTargetInput[] = [];
  readonly files = new MemoryFileStore('local');
  readonly scanner = new MemoryWorkspaceScanner();
  /** Of the configuration that the library was made with. */
  targets: Readonly<Record<string, TargetConfig>> = {};
  trust: Trust = 'trusted';
  readonly attached: string[] = [];
  readonly reapOptions: ReapOptions[] = [];
  /** Resolves when the first job has begun. */
  readonly began: Promise<void>;
  #begin: () => void = () => {};
  guestShell: Result<GuestShell, JobFault> | null = null;
  /** Another library's open machines; those of a host in memory, say. */
  machines:
    | (Pick<Pikaci, 'openMachine' | 'attachMachine' | 'listMachines'> & Partial<Pick<Pikaci, 'fork'>>)
    | null = null;
  closed = 0;

  constructor() {
    this.began = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  script: JobScript = async (job) => job.end({});
  doctorReport: DoctorReport = { host: this.host, ok: true, checks: [] };
  reaped: Result<ReapReport, JobFault> = ok(NOTHING_REAPED);

  async runJob(input: RunJobInput): Promise<Result<JobRun, JobFault>> {
    this.inputs.push(input);
    const running = this.script(new ScriptedJob(input.runId ?? '', input.job.id, input), input);
    this.#begin();
    return running;
  }

  /** The real run of a target, on a state in memory, with the test's script for each job. */
  async runTarget(input: RunTargetInput): Promise<Result<TargetRun, JobFault>> {
    const target = new RunTarget({
      ports: {
        shell: new MemoryShell(this.host),
        localShell: new MemoryShell('local'),
        hostFiles: new MemoryFileStore(),
        localFiles: this.files,
        scanner: this.scanner,
        clock: new MemoryClock(),
        processes: new MemoryProcesses(),
        tracer: new MemoryTracer(),
      },
      settings: {
        stateRoot: '/state',
        workDir: '/var/pikaci',
        backend: 'incus',
        trust: this.trust,
        reconnectMs: 300_000,
      },
      targets: this.targets,
      env: {},
      runJob: { run: (job) => this.runJob(job) },
      stageSnapshot: { stage: async () => ok(undefined) },
      workDirectory: { ensure: async () => ok(undefined) },
      statuses: { http: new MemoryHttpClient(), reports: [] },
      hostTime: { learn: async () => ok(undefined), now: () => 0 },
      templateMaker: {
        ensure: async ({ node }) => {
          const message = `the scripted host makes no template ${node.id}`;
          return err({ kind: 'template_failed', phase: null, host: this.host, message });
        },
        hold: () => ({ keep: () => {}, [Symbol.asyncDispose]: async () => {} }),
      },
    });
    this.targetInputs.push(input);
    return target.run(input);
  }

  async shell(runId: string, jobId: string): Promise<Result<GuestShell, JobFault>> {
    const message = `there is no machine of ${runId}/${jobId}`;
    return this.guestShell ?? err({ kind: 'guest', phase: null, host: this.host, message });
  }

  openMachine(input?: OpenMachineInput) {
    return this.#machines().openMachine(input);
  }

  attachMachine(id: string, options?: MachineCallOptions) {
    return this.#machines().attachMachine(id, options);
  }

  async fork(runId: string, jobId: string, options?: ForkOptions): ReturnType<Pikaci['fork']> {
    const message = `there is no record of ${runId}/${jobId}`;
    const fault: JobFault = { kind: 'no_such_job', phase: null, host: this.host, message };
    return (await this.machines?.fork?.(runId, jobId, options)) ?? err(fault);
  }

  listMachines() {
    return this.#machines().listMachines();
  }

  /** What there is of templates, and what was asked of them. */
  templates: Partial<
    Pick<
      Pikaci,
      | 'buildTemplates'
      | 'examineTemplates'
      | 'listTemplates'
      | 'removeTemplate'
      | 'templateShell'
      | 'exportTemplate'
      | 'importTemplate'
    >
  > = {};
  /** What there is of caches. */
  caches: Partial<Pick<Pikaci, 'listCaches' | 'removeCache'>> = {};

  listCaches() {
    return this.#cache('listCaches')();
  }

  removeCache(which: string, options?: RemoveCacheOptions) {
    return this.#cache('removeCache')(which, options);
  }

  #cache<Name extends keyof typeof this.caches>(name: Name): Pikaci[Name] {
    const message = `the scripted host answers no ${name}`;
    const fault: JobFault = { kind: 'incus', phase: null, host: this.host, message };
    return (this.caches[name] ?? (async () => err(fault))) as Pikaci[Name];
  }

  /** What there is of jobs that a reaper has kept. */
  kept: Partial<Pick<Pikaci, 'keptJobs' | 'recover'>> = {};

  keptJobs(options?: { readonly signal?: AbortSignal }) {
    const fault: JobFault = { kind: 'host', phase: null, host: this.host, message: 'nothing is scripted' };
    return this.kept.keptJobs?.(options) ?? Promise.resolve(err(fault));
  }

  recover(input: RecoverInput) {
    const fault: JobFault = { kind: 'host', phase: null, host: this.host, message: 'nothing is scripted' };
    return this.kept.recover?.(input) ?? Promise.resolve(err(fault));
  }

  buildTemplates(input: BuildTemplatesInput) {
    return this.#template('buildTemplates')(input);
  }

  examineTemplates(input: TargetTemplatesInput) {
    return this.#template('examineTemplates')(input);
  }

  hosts: Pikaci['lookAtHosts'] = () => Promise.reject(new Error('not scripted'));
  lookAtHosts(options = {}) {
    return this.hosts(options);
  }

  listTemplates() {
    return this.#template('listTemplates')();
  }

  removeTemplate(which: string, options?: RemoveTemplateOptions) {
    return this.#template('removeTemplate')(which, options);
  }

  templateShell(which: string, call?: TemplateShellCall) {
    return this.#template('templateShell')(which, call);
  }

  exportTemplate(which: string, sink: TemplateSink) {
    return this.#template('exportTemplate')(which, sink);
  }

  importTemplate(content: AsyncIterable<Uint8Array>) {
    return this.#template('importTemplate')(content);
  }

  #template<Name extends keyof typeof this.templates>(name: Name): Pikaci[Name] {
    const scripted = this.templates[name];
    const message = `the scripted host answers no ${name}`;
    const fault: JobFault = { kind: 'incus', phase: null, host: this.host, message };
    if (scripted === undefined) return (async () => err(fault)) as Pikaci[Name];
    return scripted as Pikaci[Name];
  }

  /** What there is of pools. */
  pool: Partial<Pick<Pikaci, 'poolStatus' | 'fillPool' | 'drainPool'>> = {};

  poolStatus() {
    return this.#pool('poolStatus')();
  }

  fillPool() {
    return this.#pool('fillPool')();
  }

  drainPool() {
    return this.#pool('drainPool')();
  }

  #pool<Name extends keyof typeof this.pool>(name: Name): Pikaci[Name] {
    const message = `the scripted host answers no ${name}`;
    const fault: JobFault = { kind: 'incus', phase: null, host: this.host, message };
    return this.pool[name] ?? ((async () => err(fault)) as Pikaci[Name]);
  }

  #machines() {
    if (this.machines === null) throw new Error('this test has no open machines');
    return this.machines;
  }

  async rerun(runId: string): Promise<Result<TargetRun, JobFault>> {
    return err({ kind: 'no_such_job', phase: null, host: this.host, message: `there is no run ${runId}` });
  }

  async keptRuns(): Promise<Result<readonly KeptRun[], JobFault>> {
    return ok([]);
  }

  async recoverRun(runId: string): Promise<Result<void, JobFault>> {
    return err({ kind: 'no_such_job', phase: null, host: this.host, message: `there is no run ${runId}` });
  }

  async resume(runId: string): Promise<Result<TargetRun, JobFault>> {
    return err({ kind: 'no_such_job', phase: null, host: this.host, message: `there is no run ${runId}` });
  }

  async attach(
    runId: string,
    jobId: string,
    options: JobCallOptions = {},
  ): Promise<Result<JobRun, JobFault>> {
    this.attached.push(`${runId}/${jobId}`);
    return this.script(new ScriptedJob(runId, jobId, options), null);
  }

  async reap(options: ReapOptions = {}): Promise<Result<ReapReport, JobFault>> {
    this.reapOptions.push(options);
    return this.reaped;
  }

  async doctor(): Promise<DoctorReport> {
    return this.doctorReport;
  }

  /** What its machines would inherit. */
  inherits: Awaited<ReturnType<Pikaci['inherited']>> = ok({
    variables: {},
    certificates: [],
    files: [],
    warnings: [],
  });

  async inherited() {
    return this.inherits;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
