import type { Container } from 'inversify';
import { PlacedJobs } from '../application/job/placed-jobs.js';
import { RunAttempts } from '../application/job/run-attempts.js';
import { RunJob } from '../application/job/run-job.js';
import { bindTo } from './bind-to.js';
import { ids } from './identifiers.js';

/** What runs a job: on the host, or in a cluster on the member that is chosen for it. */
export function bindRunJob(container: Container): void {
  bindTo(
    container,
    ids.runJob,
    (
      ports,
      settings,
      backends,
      stageSnapshot,
      acquireMachine,
      completeJob,
      warmPool,
      jobServices,
      hostTime,
      members,
      placement,
    ) => {
      const shared = { ports, settings, backends };
      const parts = { ...shared, stageSnapshot, acquireMachine, completeJob };
      const runJob = new RunJob({ ...parts, warmPool, jobServices, hostTime });
      const here = new RunAttempts({ ...shared, jobServices, runJob });
      if (members === null) return here;
      const { members: among = null, group = null } = settings.cluster ?? {};
      return new PlacedJobs({
        here,
        host: ports.shell.host,
        clock: ports.clock,
        placement,
        members: among,
        group,
        look: (signal) => members.look(signal),
        on: async (member, signal) => (await members.on(member, signal)).map((there) => there.runJob),
      });
    },
    [
      ids.ports,
      ids.settings,
      ids.backends,
      ids.stageSnapshot,
      ids.acquireMachine,
      ids.completeJob,
      ids.warmPool,
      ids.jobServices,
      ids.hostTime,
      ids.members,
      ids.placement,
    ],
  );
}
