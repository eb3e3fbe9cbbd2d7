import { err, type Result } from 'neverthrow';
import type { JobCallOptions, JobRun, Pikaci, ReapOptions, RunJobInput } from '../application/api/pikaci.js';
import { checkStateRoot } from '../application/directories/state-root.js';
import type { DoctorOptions } from '../application/doctor/doctor.js';
import type { JobFault } from '../application/faults/job-fault.js';
import type { OpenMachineFault } from '../application/faults/machine-fault.js';
import type { RemoveCacheOptions } from '../application/gc/host-caches.js';
import { forkJob } from '../application/job/fork-job.js';
import { openShell } from '../application/job/open-shell.js';
import { type GuestShell, PLAIN_TERMINAL, type ShellCall } from '../application/machine/guest-shell.js';
import type { PoolOptions } from '../application/machine/incus/warm-pool.js';
import { HostNetwork } from '../application/machine/inherited/host-network.js';
import { listMachines } from '../application/open-machine/list-machines.js';
import type { OpenMachine } from '../application/open-machine/open-machine.js';
import type {
  ForkOptions,
  MachineCallOptions,
  OpenMachineInput,
} from '../application/open-machine/open-machine-input.js';
import { listKeptRuns } from '../application/recover/kept-run.js';
import type { RecoverInput } from '../application/recover/recover-jobs.js';
import { bringRunBack } from '../application/target/bring-run-back.js';
import { type RerunAt, rerun } from '../application/target/rerun.js';
import { resume } from '../application/target/resume.js';
import type {
  RerunOptions,
  ResumeOptions,
  RunTargetInput,
  TargetRun,
} from '../application/target/target-run.js';
import type { BuildTemplatesInput, TargetTemplatesInput } from '../application/target/target-templates.js';
import type { TemplateSink } from '../application/template/export-template.js';
import type {
  RemoveTemplateOptions,
  TemplateShellCall,
  TemplateTransferOptions,
} from '../application/template/host-templates.js';
import type { Clock } from '../ports/clock.js';
import { lookAtHosts } from './look-at-hosts.js';
import { attacherOf, keptOnAll, reapOnAll, recoverOnAll, servicesOfJob } from './on-members.js';
import type { Services } from './wire-services.js';

const CLOSE_BOUND_MS = 120_000;

export interface WiredParts {
  readonly host: { readonly host: string };
  readonly clock: Clock;
  /** Called once, with the first call that needs them. */
  readonly services: () => Promise<Services>;
  /** What this pikaci made and so closes, in order. */
  readonly closing: () => readonly AsyncDisposable[];
}

/** The library's interface over the services; owns the connections and the clean-ups that are under way. */
export class WiredPikaci implements Pikaci {
  readonly #parts: WiredParts;
  #services: Promise<Services> | null = null;
  readonly #cleanUps = new Set<Promise<unknown>>();

  constructor(parts: WiredParts) {
    this.#parts = parts;
  }

  get host(): string {
    return this.#parts.host.host;
  }

  async runJob(input: RunJobInput): Promise<Result<JobRun, JobFault>> {
    return this.#owning(await (await this.#wired()).runJob.run(input ?? {}));
  }

  async runTarget(input: RunTargetInput): Promise<Result<TargetRun, JobFault>> {
    return this.#owning(await (await this.#wired()).runTarget.run(input ?? {}));
  }

  async rerun(runId: string, options: RerunOptions = {}): Promise<Result<TargetRun, JobFault>> {
    const services = await this.#reading();
    if (services.isErr()) return err(services.error);
    return this.#owning(await rerun(rerunAt(services.value, this.host), runId, options));
  }

  async resume(runId: string, options: ResumeOptions = {}): Promise<Result<TargetRun, JobFault>> {
    const services = await this.#reading();
    if (services.isErr()) return err(services.error);
    const { runTarget } = services.value;
    const attachJob = attacherOf(services.value);
    return this.#owning(await resume({ parts: runTarget.parts, attachJob }, runId, options));
  }

  async shell(
    runId: string,
    jobId: string,
    call: ShellCall = PLAIN_TERMINAL,
  ): Promise<Result<GuestShell, JobFault>> {
    const services = await this.#reading();
    if (services.isErr()) return err(services.error);
    const there = await servicesOfJob(services.value, { runId, jobId }, call.signal);
    return there.isErr() ? err(there.error) : openShell(there.value, { runId, jobId }, call);
  }

  async attach(runId: string, jobId: string, options: JobCallOptions = {}) {
    const services = await this.#reading();
    if (services.isErr()) return err(services.error);
    return this.#owning(await attacherOf(services.value).attach(runId, jobId, options));
  }

  async openMachine(input: OpenMachineInput = {}): Promise<Result<OpenMachine, OpenMachineFault>> {
    const { openMachines, warmPool } = await this.#wired();
    const opened = await openMachines.open(input ?? {});
    warmPool.refill();
    return opened;
  }

  async attachMachine(
    id: string,
    options: MachineCallOptions = {},
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const services = await this.#reading();
    return services.isErr() ? err(services.error) : services.value.openMachines.attach(id, options);
  }

  async fork(runId: string, jobId: string, options: ForkOptions = {}) {
    const services = await this.#reading();
    return services.isErr() ? err(services.error) : forkJob(services.value, { runId, jobId }, options ?? {});
  }

  async listMachines({ signal }: { readonly signal?: AbortSignal } = {}) {
    const services = await this.#reading();
    return services.isErr()
      ? err(services.error)
      : listMachines(machinesAt(services.value, this.host), signal);
  }

  async buildTemplates(input: BuildTemplatesInput) {
    return (await this.#wired()).targetTemplates.build(input ?? {});
  }

  async examineTemplates(input: TargetTemplatesInput) {
    return (await this.#wired()).targetTemplates.examine(input ?? {});
  }

  async listTemplates({ signal }: { readonly signal?: AbortSignal } = {}) {
    return (await this.#wired()).hostTemplates.list(signal);
  }

  async removeTemplate(which: string, options: RemoveTemplateOptions = {}) {
    return (await this.#wired()).hostTemplates.remove(which, options);
  }

  async templateShell(which: string, call: TemplateShellCall = PLAIN_TERMINAL) {
    return (await this.#wired()).hostTemplates.shell(which, call);
  }

  async exportTemplate(which: string, sink: TemplateSink, options: TemplateTransferOptions = {}) {
    return (await this.#wired()).hostTemplates.export(which, sink, options ?? {});
  }

  async importTemplate(content: AsyncIterable<Uint8Array>, options: TemplateTransferOptions = {}) {
    return (await this.#wired()).hostTemplates.import(content, options ?? {});
  }

  async listCaches({ signal }: { readonly signal?: AbortSignal } = {}) {
    return (await this.#wired()).hostCaches.list(signal);
  }

  async removeCache(which: string, options: RemoveCacheOptions = {}) {
    return (await this.#wired()).hostCaches.remove(which, options);
  }

  async poolStatus(options: PoolOptions = {}) {
    return (await this.#wired()).warmPool.status(options ?? {});
  }

  async fillPool(options: PoolOptions = {}) {
    return (await this.#wired()).warmPool.fill(options ?? {});
  }

  async drainPool(options: PoolOptions = {}) {
    return (await this.#wired()).warmPool.drain(options ?? {});
  }

  async keptJobs({ signal }: { readonly signal?: AbortSignal } = {}) {
    return keptOnAll(await this.#wired(), signal);
  }

  async keptRuns({ signal }: { readonly signal?: AbortSignal } = {}) {
    return listKeptRuns((await this.#wired()).runTarget.parts, signal);
  }

  async recoverRun(runId: string, options: Pick<ResumeOptions, 'id' | 'workspace' | 'signal'> = {}) {
    const services = await this.#reading();
    return services.isErr()
      ? err(services.error)
      : bringRunBack(services.value.runTarget.parts, runId, options);
  }

  async recover(input: RecoverInput) {
    return recoverOnAll(await this.#wired(), input);
  }

  async reap(options: ReapOptions = {}) {
    const services = await this.#wired();
    return reapOnAll(services, await services.reap.reap(options), options);
  }

  async doctor(options: DoctorOptions = {}) {
    return (await this.#wired()).doctor.examine(options);
  }

  async lookAtHosts({ signal }: { readonly signal?: AbortSignal } = {}) {
    return lookAtHosts(await this.#wired(), signal);
  }

  async inherited() {
    const { ports, settings } = await this.#wired();
    return await new HostNetwork(ports, settings.inherit).learn();
  }

  async close(): Promise<void> {
    const bound = new AbortController();
    await Promise.race([
      Promise.allSettled([...this.#cleanUps]),
      this.#parts.clock.bound(CLOSE_BOUND_MS, bound.signal),
    ]);
    bound.abort();
    if (this.#services !== null) await settleAll(await this.#services);
    for (const part of this.#parts.closing()) await part[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #wired(): Promise<Services> {
    this.#services ??= this.#parts.services();
    return this.#services;
  }

  /** For what reads the records, or takes up what is in them. */
  async #reading(): Promise<Result<Services, JobFault>> {
    const services = await this.#wired();
    const { ports, settings } = services;
    return (await checkStateRoot(ports.localFiles, settings.stateRoot)).map(() => services);
  }

  #owning<R extends { readonly cleanUp: Promise<unknown> }>(run: Result<R, JobFault>): Result<R, JobFault> {
    if (run.isErr()) return run;
    const { cleanUp } = run.value;
    this.#cleanUps.add(cleanUp);
    void cleanUp.finally(() => this.#cleanUps.delete(cleanUp));
    return run;
  }
}

function rerunAt({ ports, settings, runTarget }: Services, host: string): RerunAt {
  const { localFiles: files, processes, scanner } = ports;
  const { stateRoot, backend, trust } = settings;
  return { files, processes, scanner, stateRoot, runTarget, host, backend, trust };
}

function machinesAt(
  { ports, settings, backends }: Services,
  host: string,
): Parameters<typeof listMachines>[0] {
  const { localFiles, processes } = ports;
  const { stateRoot, workDir, incusProject } = settings;
  return { localFiles, processes, stateRoot, backends, place: { host, workDir, incusProject } };
}

async function settleAll({ warmPool, openMachines, members }: Services): Promise<void> {
  for (const other of (await members?.connected()) ?? []) await other.warmPool.settled();
  await warmPool.settled();
  await openMachines.leaveAll();
}
