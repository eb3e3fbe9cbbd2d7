import type { Container } from 'inversify';
import { ok } from 'neverthrow';
import { PlacedJobs } from '../application/job/placed-jobs.js';
import { RunAttempts, type RunAttemptsParts } from '../application/job/run-attempts.js';
import { RunJob } from '../application/job/run-job.js';
import { bindTo } from './bind-to.js';
import { ids } from './identifiers.js';

/** What runs a job: on the host, or in a cluster on the member that is chosen for it. */
export function bindRunJob(container: Container): void {
  bindTo(
    container,
    ids.runJobHere,
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
    ) => {
      const parts = { ports, settings, backends, stageSnapshot, acquireMachine, completeJob };
      return new RunJob({ ...parts, warmPool, jobServices, hostTime });
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
    ],
  );
  bindTo(
    container,
    ids.runJob,
    (ports, settings, backends, jobServices, here, members, placement) => {
      const { hostFiles } = ports;
      const own = { hostFiles, backends, jobServices };
      const parts = { ports, settings };
      if (members === null) return new RunAttempts({ ...parts, runJob: here, on: async () => ok(own) });
      const { members: among = null, group = null } = settings.cluster ?? {};
      const placed = new PlacedJobs({
        here,
        ports,
        settings,
        placement,
        queue: settings,
        members: among,
        group,
        look: (signal) => members.look(signal),
        on: async (member, signal) => (await members.on(member, signal)).map((there) => there.runJobHere),
      });
      const on: RunAttemptsParts['on'] = async (member, signal) =>
        (await members.named(member, signal)).map((there) =>
          there === null ? own : { ...there, hostFiles: there.ports.hostFiles },
        );
      return new RunAttempts({ ...parts, runJob: placed, on });
    },
    [ids.ports, ids.settings, ids.backends, ids.jobServices, ids.runJobHere, ids.members, ids.placement],
  );
}
