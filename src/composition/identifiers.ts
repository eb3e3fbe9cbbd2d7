import type { ServiceIdentifier } from 'inversify';
import type { Members } from '../application/cluster/members.js';
import type { WorkDirectory } from '../application/directories/work-directory.js';
import type { Doctor } from '../application/doctor/doctor.js';
import type { WhyGone } from '../application/faults/host-gone.js';
import type { Evict } from '../application/gc/evict.js';
import type { HostCaches } from '../application/gc/host-caches.js';
import type { Reap } from '../application/gc/reap.js';
import type { AttachJob } from '../application/job/attach-job.js';
import type { CompleteJob } from '../application/job/complete-job.js';
import type { RunAttempts } from '../application/job/run-attempts.js';
import type { RunJob } from '../application/job/run-job.js';
import type { HostTime } from '../application/lease/host-time.js';
import type { AcquireMachine } from '../application/machine/acquire-machine.js';
import type { WarmPool } from '../application/machine/incus/warm-pool.js';
import type { MachineBackends } from '../application/machine/machine-backends.js';
import type { MicrovmHost } from '../application/machine/microvm/microvm-host.js';
import type { RoomLines } from '../application/machine/room-line.js';
import type { OpenMachines } from '../application/open-machine/open-machines.js';
import type { RecoverJobs } from '../application/recover/recover-jobs.js';
import type { JobServices } from '../application/services/job-services.js';
import type { JobPorts } from '../application/settings/job-ports.js';
import type { JobSettings } from '../application/settings/job-settings.js';
import type { StageSnapshot } from '../application/snapshot/stage-snapshot.js';
import type { RunTarget } from '../application/target/run-target.js';
import type { RunTargetParts } from '../application/target/run-target-parts.js';
import type { TargetTemplates } from '../application/target/target-templates.js';
import type { HostTemplates } from '../application/template/host-templates.js';
import type { TemplateHome } from '../application/template/template-home.js';
import type { Templates } from '../application/template/templates.js';
import type { Clock } from '../ports/clock.js';
import type { FileStore } from '../ports/file-store.js';
import type { IncusApi } from '../ports/incus-api.js';
import type { LogReader } from '../ports/log-reader.js';
import type { Placement } from '../ports/placement.js';
import type { Processes } from '../ports/processes.js';
import type { RemoteShell } from '../ports/remote-shell.js';
import type { Tracer } from '../ports/tracer.js';
import type { WorkspaceScanner } from '../ports/workspace-scanner.js';

/** What of another member's services is used here. */
export interface MemberServices {
  readonly ports: JobPorts;
  readonly backends: MachineBackends;
  readonly jobServices: JobServices;
  readonly runJobHere: Pick<RunJob, 'run'>;
}

/** Carries the type that is bound to it, so that swapping two is a compile error. */
export type Identifier<T> = ServiceIdentifier<T> & { readonly __type?: T };
const identifier = <T>(name: string): Identifier<T> => Symbol.for(`pikaci.${name}`) as Identifier<T>;

export const ids = {
  settings: identifier<JobSettings>('settings'),
  parallelCreates: identifier<{ readonly parallelCreates: number }>('parallelCreates'),
  shell: identifier<RemoteShell>('shell'),
  hostFiles: identifier<FileStore>('hostFiles'),
  localFiles: identifier<FileStore>('localFiles'),
  logReader: identifier<LogReader>('logReader'),
  incus: identifier<IncusApi>('incus'),
  scanner: identifier<WorkspaceScanner>('scanner'),
  clock: identifier<Clock>('clock'),
  processes: identifier<Processes>('processes'),
  tracer: identifier<Tracer>('tracer'),
  placement: identifier<Placement>('placement'),
  ports: identifier<JobPorts>('ports'),
  hostTime: identifier<HostTime>('hostTime'),
  roomLines: identifier<RoomLines>('roomLines'),
  warmPool: identifier<WarmPool>('warmPool'),
  backends: identifier<MachineBackends>('backends'),
  acquireMachine: identifier<AcquireMachine>('acquireMachine'),
  workDirectory: identifier<WorkDirectory>('workDirectory'),
  microvmHost: identifier<MicrovmHost>('microvmHost'),
  stageSnapshot: identifier<StageSnapshot>('stageSnapshot'),
  completeJob: identifier<CompleteJob>('completeJob'),
  jobServices: identifier<JobServices>('jobServices'),
  runJob: identifier<Pick<RunAttempts, 'run'>>('runJob'),
  /** One attempt, on this member. */
  runJobHere: identifier<RunJob>('runJobHere'),
  members: identifier<Members<MemberServices> | null>('members'),
  whyGone: identifier<WhyGone | null>('whyGone'),
  localShell: identifier<RemoteShell>('localShell'),
  targets: identifier<Pick<RunTargetParts, 'targets' | 'env'>>('targets'),
  statuses: identifier<RunTargetParts['statuses']>('statuses'),
  runTarget: identifier<RunTarget>('runTarget'),
  templateHome: identifier<TemplateHome>('templateHome'),
  templateMaker: identifier<Templates>('templateMaker'),
  targetTemplates: identifier<TargetTemplates>('targetTemplates'),
  hostTemplates: identifier<HostTemplates>('hostTemplates'),
  hostCaches: identifier<HostCaches>('hostCaches'),
  openMachines: identifier<OpenMachines>('openMachines'),
  attachJob: identifier<AttachJob>('attachJob'),
  evict: identifier<Evict>('evict'),
  reap: identifier<Reap>('reap'),
  recoverJobs: identifier<RecoverJobs>('recoverJobs'),
  doctor: identifier<Doctor>('doctor'),
} as const;

/** What is bound to each identifier. */
export type Bound = {
  readonly [Name in keyof typeof ids]: (typeof ids)[Name] extends Identifier<infer T> ? T : never;
};
