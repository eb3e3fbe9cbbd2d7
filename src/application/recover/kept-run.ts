import type { Result } from 'neverthrow';
import type { RunStatus } from '../../domain/events/run-status.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import type { HostTime } from '../lease/host-time.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { type FoundRunCopy, findRunCopies } from './find-run-copies.js';

const BOUND_MS = 120_000;

/** A run whose records are on the host: one that goes on, or whose runner is gone. Times are ISO 8601. */
export interface KeptRun {
  /** By which runs of one id are told from each other there. */
  readonly id: string;
  readonly runId: string;
  readonly target: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  /** As it was recorded last; `running` says nothing of its runner. */
  readonly status: RunStatus;
  readonly createdAt: string;
  /** Jobs that had not ended, and all of them. */
  readonly openJobs: number;
  readonly jobs: number;
  /** Who goes on with it, or did; null where that is not known. */
  readonly runner: { readonly hostname: string; readonly pid: number } | null;
  /** Its runner has given a sign of life of late, or is seen to live. */
  readonly lives: boolean;
}

/** What hosts have of runs, the one that was begun last at the front. */
export async function listKeptRuns(
  { ports, settings, hostTime }: KeptRunsAt,
  signal: AbortSignal | undefined,
): Promise<Result<readonly KeptRun[], JobFault>> {
  const bound = awakeBound(BOUND_MS);
  const both = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  await hostTime.learn(both);
  const found = await findRunCopies(ports.hostFiles, { workDir: settings.workDir }, both);
  if (found.isErr()) return found.map(() => []);
  const { processes } = ports;
  const all = found.value.map(async (copy): Promise<KeptRun> => {
    const { ticket } = copy;
    const state = ticket === null ? 'gone' : await processes.state(ticket.runner);
    const speaks = ticket !== null && ticket.expires_at_ms > hostTime.now();
    return asKept(copy, state === 'alive' || (state === 'unknown' && speaks));
  });
  const kept = await Promise.all(all);
  return found.map(() => kept);
}

export interface KeptRunsAt {
  readonly ports: Pick<JobPorts, 'hostFiles' | 'processes'>;
  readonly settings: Pick<JobSettings, 'workDir'>;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
}

function asKept({ name, run, ticket }: FoundRunCopy, lives: boolean): KeptRun {
  const open = run.jobs.filter(({ finished_at: ended }) => ended === null);
  return {
    ...{ id: name.token, runId: run.run_id, target: run.target_id, commit: run.git_head },
    ...{ branch: run.git_branch, status: run.status, createdAt: run.created_at, lives },
    ...{ openJobs: open.length, jobs: run.jobs.length },
    runner: ticket === null ? null : { hostname: ticket.runner.hostname, pid: ticket.runner.pid },
  };
}
