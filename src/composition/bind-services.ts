import type { Container } from 'inversify';
import { WorkDirectory } from '../application/directories/work-directory.js';
import { Evict } from '../application/gc/evict.js';
import { EvictCaches } from '../application/gc/evict-caches.js';
import { EvictTemplates } from '../application/gc/evict-templates.js';
import { HostCaches } from '../application/gc/host-caches.js';
import { Reap } from '../application/gc/reap.js';
import { AttachJob } from '../application/job/attach-job.js';
import { CompleteJob } from '../application/job/complete-job.js';
import { HostTime } from '../application/lease/host-time.js';
import { AcquireMachine } from '../application/machine/acquire-machine.js';
import { IncusBackend } from '../application/machine/incus/incus-backend.js';
import { WarmPool } from '../application/machine/incus/warm-pool.js';
import { MachineBackends } from '../application/machine/machine-backends.js';
import { MicrovmBackend } from '../application/machine/microvm/microvm-backend.js';
import { MicrovmHost } from '../application/machine/microvm/microvm-host.js';
import { RoomLines } from '../application/machine/room-line.js';
import { OpenMachines } from '../application/open-machine/open-machines.js';
import { KeepLeftJob } from '../application/recover/keep-left-job.js';
import { RecoverJobs } from '../application/recover/recover-jobs.js';
import { JobServices } from '../application/services/job-services.js';
import type { JobPorts } from '../application/settings/job-ports.js';
import { StageSnapshot } from '../application/snapshot/stage-snapshot.js';
import { RunTarget } from '../application/target/run-target.js';
import { TargetTemplates } from '../application/target/target-templates.js';
import { HostTemplates } from '../application/template/host-templates.js';
import { IncusTemplates } from '../application/template/incus-templates.js';
import { MicrovmTemplates } from '../application/template/microvm-templates.js';
import { Templates } from '../application/template/templates.js';
import { bindDoctor } from './bind-doctor.js';
import { bindRunJob } from './bind-run-job.js';
import { bindTo } from './bind-to.js';
import { ids } from './identifiers.js';

/** The services. The ports and the settings are bound before. */
export function bindServices(container: Container): void {
  bindTo(
    container,
    ids.ports,
    (shell, hostFiles, localFiles, incus, scanner, clock, processes, tracer): JobPorts => ({
      shell,
      hostFiles,
      localFiles,
      incus,
      scanner,
      clock,
      processes,
      tracer,
    }),
    [ids.shell, ids.hostFiles, ids.localFiles, ids.incus, ids.scanner, ids.clock, ids.processes, ids.tracer],
  );
  bindTo(container, ids.workDirectory, (ports, { workDir }) => new WorkDirectory(ports, workDir), [
    ids.ports,
    ids.settings,
  ]);
  bindTo(
    container,
    ids.microvmHost,
    (ports, workDirectory, { microvm }) => new MicrovmHost(ports, workDirectory, microvm.scripts),
    [ids.ports, ids.workDirectory, ids.settings],
  );
  bindTo(
    container,
    ids.backends,
    (ports, settings, microvmHost) => {
      const incus = new IncusBackend(ports, settings);
      const microvm = new MicrovmBackend(ports, settings, microvmHost);
      return new MachineBackends({ incus, microvm }, settings.backend);
    },
    [ids.ports, ids.settings, ids.microvmHost],
  );
  bindTo(
    container,
    ids.hostTime,
    (backends, { clock }) => new HostTime((signal) => backends.hostNow(signal), clock),
    [ids.backends, ids.ports],
  );
  bindTo(container, ids.roomLines, (backends, { clock }) => new RoomLines({ backends, clock }), [
    ids.backends,
    ids.ports,
  ]);
  bindTo(
    container,
    ids.warmPool,
    (ports, settings, hostTime) => new WarmPool({ ports, settings, hostTime }),
    [ids.ports, ids.settings, ids.hostTime],
  );
  bindTo(container, ids.stageSnapshot, (ports, workDirectory) => new StageSnapshot(ports, workDirectory), [
    ids.ports,
    ids.workDirectory,
  ]);
  bindTo(
    container,
    ids.completeJob,
    (ports, settings, hostTime, whyGone) => new CompleteJob(ports, settings, hostTime, whyGone),
    [ids.ports, ids.settings, ids.hostTime, ids.whyGone],
  );
  bindTo(
    container,
    ids.acquireMachine,
    ({ hostFiles, clock }, workDirectory, settings, backends, hostTime, lines, { parallelCreates }) => {
      const parts = { hostFiles, clock, workDirectory, settings, backends, hostTime, lines };
      return new AcquireMachine({ ...parts, parallelCreates });
    },
    [
      ids.ports,
      ids.workDirectory,
      ids.settings,
      ids.backends,
      ids.hostTime,
      ids.roomLines,
      ids.parallelCreates,
    ],
  );
  bindTo(
    container,
    ids.jobServices,
    (ports, settings, backends, acquireMachine, hostTime) =>
      new JobServices({ ports, settings, backends, acquireMachine, hostTime }),
    [ids.ports, ids.settings, ids.backends, ids.acquireMachine, ids.hostTime],
  );
  bindRunJob(container);
  bindTo(
    container,
    ids.templateHome,
    (ports, settings, backends, hostTime, lines, microvmHost) => {
      const parts = { ports, settings, backends, hostTime, lines };
      return settings.backend === 'incus'
        ? new IncusTemplates(parts)
        : new MicrovmTemplates({ ...parts, microvmHost });
    },
    [ids.ports, ids.settings, ids.backends, ids.hostTime, ids.roomLines, ids.microvmHost],
  );
  bindTo(
    container,
    ids.templateMaker,
    (ports, settings, backends, hostTime, lines, home, stageSnapshot) =>
      new Templates({ ports, settings, backends, hostTime, lines, home }, stageSnapshot),
    [ids.ports, ids.settings, ids.backends, ids.hostTime, ids.roomLines, ids.templateHome, ids.stageSnapshot],
  );
  bindTo(
    container,
    ids.runTarget,
    (
      ports,
      localShell,
      settings,
      targets,
      runJob,
      stageSnapshot,
      workDirectory,
      templateMaker,
      statuses,
      hostTime,
    ) => {
      const parts = { ports: { ...ports, localShell }, settings, runJob, stageSnapshot };
      return new RunTarget({ ...parts, ...targets, workDirectory, templateMaker, statuses, hostTime });
    },
    [
      ids.ports,
      ids.localShell,
      ids.settings,
      ids.targets,
      ids.runJob,
      ids.stageSnapshot,
      ids.workDirectory,
      ids.templateMaker,
      ids.statuses,
      ids.hostTime,
    ],
  );
  bindTo(
    container,
    ids.openMachines,
    (
      ports,
      localShell,
      logReader,
      settings,
      backends,
      stageSnapshot,
      acquireMachine,
      hostTime,
      jobServices,
    ) => {
      const parts = { settings, backends, stageSnapshot, acquireMachine, hostTime, jobServices };
      return new OpenMachines({ ...parts, ports: { ...ports, localShell, logReader } });
    },
    [
      ids.ports,
      ids.localShell,
      ids.logReader,
      ids.settings,
      ids.backends,
      ids.stageSnapshot,
      ids.acquireMachine,
      ids.hostTime,
      ids.jobServices,
    ],
  );
  bindTo(
    container,
    ids.targetTemplates,
    (ports, settings, targets, templates) => new TargetTemplates({ ports, settings, ...targets, templates }),
    [ids.ports, ids.settings, ids.targets, ids.templateMaker],
  );
  bindTo(
    container,
    ids.hostTemplates,
    (ports, settings, hostTime, backends, openMachines, home) =>
      new HostTemplates({ ports, settings, hostTime, backends, openMachines, home }),
    [ids.ports, ids.settings, ids.hostTime, ids.backends, ids.openMachines, ids.templateHome],
  );
  bindTo(
    container,
    ids.hostCaches,
    (backends, host, settings, hostTime) => new HostCaches({ backends, host, settings, hostTime }),
    [ids.backends, ids.shell, ids.settings, ids.hostTime],
  );
  bindTo(
    container,
    ids.attachJob,
    (ports, settings, backends, completeJob, jobServices, hostTime, keptJobs) =>
      new AttachJob({ ports, settings, backends, completeJob, jobServices, hostTime, keptJobs }),
    [ids.ports, ids.settings, ids.backends, ids.completeJob, ids.jobServices, ids.hostTime, ids.recoverJobs],
  );
  bindTo(container, ids.recoverJobs, (ports, settings) => new RecoverJobs({ ports, settings }), [
    ids.ports,
    ids.settings,
  ]);
  bindTo(
    container,
    ids.evict,
    ({ shell, hostFiles }, settings, backends, hostTime) =>
      new Evict(
        { shell, hostFiles, mountedSources: (signal) => backends.mountedSources(signal) },
        settings,
        hostTime,
      ),
    [ids.ports, ids.settings, ids.backends, ids.hostTime],
  );
  bindTo(
    container,
    ids.reap,
    (ports, settings, backends, hostTime, evict, workDirectory, home) => {
      const evictTemplates = new EvictTemplates({ ports, settings, hostTime, home }, settings);
      const evictCaches = new EvictCaches(backends, settings, hostTime);
      const evicts = { evict, evictTemplates, evictCaches };
      const keepLeftJob = new KeepLeftJob({ ports, settings, backends });
      return new Reap({ ports, settings, backends, hostTime, ...evicts, workDirectory, keepLeftJob });
    },
    [ids.ports, ids.settings, ids.backends, ids.hostTime, ids.evict, ids.workDirectory, ids.templateHome],
  );
  bindDoctor(container);
}
