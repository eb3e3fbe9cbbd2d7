import { err, ok, type Result } from 'neverthrow';
import type { JobLogMetadata, RunLogs, RunLogsMetadata } from '../../domain/records/logs-metadata.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord } from '../../domain/records/run-record.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { LogReader } from '../../ports/log-reader.js';
import { hasWriter } from '../lock/has-writer.js';
import { readPosition } from '../log/guest-log.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import { checkedJob, type RunQuery } from './run-layout-for.js';
import { badNumber, type RunStateFault, stateFilesFault } from './run-state-fault.js';

/** Bytes of each log file; the end of a longer one is taken. */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Which log of a job: what the runner and the host said (`host`), what the job wrote (`guest`), or the two after each other. */
export type LogKind = 'host' | 'guest' | 'both';

export interface LogsQuery extends RunQuery {
  /** All jobs when left out. */
  readonly job?: string | undefined;
  /** Default `both`. */
  readonly kind?: LogKind | undefined;
  /** Of each file; default 16 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Which logs there are. What each job's record says of paths is not believed: they follow from the ids. */
export async function loadLogsMetadata(
  ports: RecordPorts,
  query: RunQuery,
): Promise<Result<RunLogsMetadata, RunStateFault>> {
  const run = await loadRunRecord(ports, query);
  if (run.isErr()) return err(run.error);
  const known = run.value.jobs.filter((job) => jobIdSchema.safeParse(job.id).success);
  const jobs = await Promise.all(known.map((job) => jobLogs(ports, query, job)));
  return ok({ schema_version: 1, run_id: run.value.run_id, status: run.value.status, jobs });
}

async function jobLogs(ports: RecordPorts, query: RunQuery, job: RunJobRecord): Promise<JobLogMetadata> {
  const from = runIdSchema.safeParse(job.taken_over_from);
  const state = jobStateLayout(query.stateRoot, from.success ? from.data : query.runId, job.id);
  const { jobDir, hostLog, guestLog } = state;
  const options = query.signal === undefined ? {} : { signal: query.signal };
  // Before the sizes: that of a log that is cut is its last.
  const position = await readPosition(ports.files, state);
  const sizes = await Promise.all(
    [hostLog, guestLog].map(async (path) => {
      const stat = await ports.files.lstat(path, options);
      return stat.isOk() && stat.value.type === 'file' ? stat.value.size : null;
    }),
  );
  const [hostBytes = null, guestBytes = null] = sizes;
  return {
    id: job.id,
    status: job.status,
    host_log_path: hostLog,
    guest_log_path: guestLog,
    host_log_exists: hostBytes !== null,
    guest_log_exists: guestBytes !== null,
    host_log_bytes: hostBytes,
    guest_log_bytes: guestBytes,
    ...(job.attempt === undefined ? {} : { attempt: job.attempt }),
    guest_log_cut: guestBytes !== null && position.cut === true,
    ...(job.status === 'detached' ? { is_written: await hasWriter(ports, jobDir) } : {}),
  };
}

/** The text of a job's logs, or of all jobs'. */
export async function loadLogs(
  ports: RecordPorts,
  reader: LogReader,
  query: LogsQuery,
): Promise<Result<RunLogs, RunStateFault>> {
  const metadata = await loadLogsMetadata(ports, query);
  if (metadata.isErr()) return err(metadata.error);
  const chosen = chosenJobs(metadata.value, query);
  if (chosen.isErr()) return err(chosen.error);
  const kind = query.kind ?? 'both';
  const [host, guest] = await Promise.all([
    kind === 'guest' ? ok(NOTHING) : texts(reader, query, chosen.value, 'host_log_path'),
    kind === 'host' ? ok(NOTHING) : texts(reader, query, chosen.value, 'guest_log_path'),
  ]);
  if (host.isErr()) return err(host.error);
  if (guest.isErr()) return err(guest.error);
  return ok({
    schema_version: 1,
    run_id: query.runId,
    job: chosen.value.length === 1 ? (chosen.value[0]?.id ?? null) : null,
    host: host.value.text,
    guest: guest.value.text,
    truncated: host.value.truncated || guest.value.truncated,
  });
}

const NOTHING: { readonly text: string | null; readonly truncated: boolean } = {
  text: null,
  truncated: false,
};

function chosenJobs(
  { jobs }: RunLogsMetadata,
  query: LogsQuery,
): Result<readonly JobLogMetadata[], RunStateFault> {
  if (query.job === undefined) return ok(jobs);
  const id = checkedJob(query.job);
  if (id.isErr()) return err(id.error);
  const found = jobs.filter((job) => job.id === id.value);
  if (found.length > 0) return ok(found);
  const message = `run ${query.runId} has no job ${id.value}; it has ${jobs.map((job) => job.id).join(', ') || 'none'}`;
  return err({ kind: 'no_such_job', path: null, message });
}

async function texts(
  reader: LogReader,
  query: LogsQuery,
  jobs: readonly JobLogMetadata[],
  field: 'host_log_path' | 'guest_log_path',
): Promise<Result<typeof NOTHING, RunStateFault>> {
  const bad = badNumber([{ name: 'maxBytes', value: query.maxBytes }]);
  if (bad !== null) return err(bad);
  const maxBytes = query.maxBytes ?? DEFAULT_MAX_BYTES;
  const options = query.signal === undefined ? {} : { signal: query.signal };
  const pieces: string[] = [];
  let truncated = false;
  for (const job of jobs) {
    const part = await reader.read(job[field], { offset: -maxBytes, maxBytes }, options);
    if (part.isErr()) {
      if (part.error.kind === 'not_found') continue;
      return err(stateFilesFault(part.error));
    }
    truncated ||= part.value.offset > 0;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(part.value.data);
    pieces.push(jobs.length === 1 ? text : `==> ${job.id} <==\n${text}${text.endsWith('\n') ? '' : '\n'}`);
  }
  return ok({ text: pieces.length === 0 ? null : pieces.join(''), truncated });
}
