import type { RunJobStatus } from '../../domain/events/run-status.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
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

const OPEN: ReadonlySet<RunJobStatus> = new Set(['running', 'pending']);

/**
 * The record of a run whose runner has ended before it: `interrupted`, and so are its jobs that nobody follows, each with what can be
 * done about it. A runner of another machine cannot be looked at, and is believed to live.
 */
export async function asInterrupted(
  { files, processes }: RecordPorts,
  stateRoot: string,
  record: RunRecord,
): Promise<RunRecord> {
  const { runner } = record;
  if (record.status !== 'running' || runner === undefined) return record;
  if ((await processes.state(runner)) !== 'gone') return record;
  const jobs = await Promise.all(
    record.jobs.map(async (job): Promise<RunJobRecord> => {
      if (!OPEN.has(job.status) || !jobIdSchema.safeParse(job.id).success) return job;
      const { jobDir, jobRecord } = jobStateLayout(stateRoot, record.run_id, job.id);
      const lock = await new LockFiles(files, jobDir).newest();
      const holder = lock.isOk() ? (lock.value?.holder ?? null) : null;
      // Somebody has taken it up since.
      if (holder !== null && (await processes.state(holder)) !== 'gone') return job;
      const hasMachine = (await files.lstat(jobRecord)).isOk();
      const message = hasMachine
        ? `its runner has ended; "pikaci attach ${record.run_id} ${job.id}" takes it up`
        : neverBegan(record.run_id);
      return { ...job, status: 'interrupted', message };
    }),
  );
  if (!jobs.some(({ status }) => status === 'interrupted')) return { ...record, jobs };
  const goesOn = jobs.some(({ status }) => OPEN.has(status));
  const message = record.message ?? `its runner (process ${runner.pid} of ${runner.hostname}) has ended`;
  return { ...record, jobs, ...(goesOn ? {} : { status: 'interrupted', message }) };
}

/** What is said of a job whose runner ended before it had recorded a machine. */
export function neverBegan(runId: string): string {
  return `its runner ended before it had recorded a machine for it, and nothing is left to take up; "pikaci rerun ${runId}" runs it again`;
}
