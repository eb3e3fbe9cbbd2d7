import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import { LockFiles } from '../lock/lock-files.js';

/** What records are read with. */
export interface RecordPorts {
  readonly files: FileStore;
  /** Tells whether the runner that writes a record lives. */
  readonly processes: Processes;
}

/**
 * Each job of a run whose runner has ended: `interrupted` when it had not, and nobody follows it now, with what can be done about it.
 */
export function interruptedJobs(
  ports: RecordPorts,
  stateRoot: string,
  { run_id, jobs }: Pick<RunRecord, 'run_id' | 'jobs'>,
): Promise<RunJobRecord[]> {
  return Promise.all(
    jobs.map(async (job): Promise<RunJobRecord> => {
      if (job.status !== 'running' && job.status !== 'pending') return job;
      if (!jobIdSchema.safeParse(job.id).success) return job;
      const layout = jobStateLayout(stateRoot, run_id, job.id);
      // Somebody has taken it up since.
      if (await isFollowed(ports, layout)) return job;
      const hasMachine = (await ports.files.lstat(layout.jobRecord)).isOk();
      const message = hasMachine
        ? `its runner has ended; "pikaci attach ${run_id} ${job.id}" resumes it`
        : neverBegan(run_id);
      return { ...job, status: 'interrupted', message };
    }),
  );
}

/** Whether a process that lives, or may live, writes a job's state. */
export async function isFollowed(
  { files, processes }: RecordPorts,
  { jobDir }: Pick<JobStateLayout, 'jobDir'>,
): Promise<boolean> {
  const lock = await new LockFiles(files, jobDir).newest();
  const holder = lock.isOk() ? (lock.value?.holder ?? null) : null;
  return holder !== null && (await processes.state(holder)) !== 'gone';
}

/** False for a runner of another machine, which cannot be looked at, and for one that the record does not name. */
export async function hasEnded({ processes }: RecordPorts, { runner }: Pick<RunRecord, 'runner'>) {
  return runner !== undefined && (await processes.state(runner)) === 'gone';
}

/** What is said of a job whose runner ended before it had recorded a machine. */
export function neverBegan(runId: string): string {
  return `its runner ended before it had recorded a machine for it, and nothing is left to resume; "pikaci rerun ${runId}" runs it again`;
}
