import { jobRecordSchema } from '../../domain/job/job-record.js';
import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import { LockFiles } from '../lock/lock-files.js';
import { readRecord } from './read-record.js';

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
      const message = await whatIsLeft(ports, layout, { runId: run_id, jobId: job.id });
      return { ...job, status: 'interrupted', message };
    }),
  );
}

/** What can be done about a job whose runner has ended. */
async function whatIsLeft(
  { files }: RecordPorts,
  { jobRecord }: JobStateLayout,
  { runId, jobId }: { readonly runId: string; readonly jobId: string },
): Promise<string> {
  const record = await readRecord(files, jobRecord, jobRecordSchema);
  const attach = `"pikaci attach ${runId} ${jobId}"`;
  if (record.isErr())
    return record.error.kind === 'missing' ? neverBegan(runId) : `its runner has ended; ${attach} resumes it`;
  const { handed_over_at: since, secret_names: secrets } = record.value;
  if (since !== null) return `its runner has ended; ${attach} resumes it`;
  // It cannot be begun by another runner, which does not know whether they were ready.
  const services = record.value.job_spec['services'];
  if (Array.isArray(services) && services.length > 0)
    return `its runner ended before the job had begun, and nothing is left to attach to; ${attach} removes the machines that are left of it and its services, "pikaci resume ${runId}" goes on with its run and runs it`;
  if (secrets.length > 0) return neverBegan(runId);
  return `its runner ended before the job had begun; ${attach} begins it while its machine is there, and "pikaci rerun ${runId}" runs it again`;
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

/** What is said of a job whose runner ended before a machine had it. */
export function neverBegan(runId: string): string {
  return `its runner ended before the job had begun, and nothing is left to attach to; "pikaci resume ${runId}" goes on with its run and runs it, "pikaci rerun ${runId}" runs all of it again`;
}
