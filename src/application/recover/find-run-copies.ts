import { err, ok, type Result } from 'neverthrow';
import {
  parseRunCopyName,
  type RunCopyName,
  type RunTicket,
  runCopiesDir,
  runCopyLayout,
  runTicketSchema,
} from '../../domain/records/run-copy-layout.js';
import { type RunRecord, runRecordSchema } from '../../domain/records/run-record.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import type { HostTime } from '../lease/host-time.js';
import { readRecord } from '../records/read-record.js';
import { RUNNER_LIFE_MS } from './run-copy.js';

/** A ticket is written with that much life, by a clock that is known to a second or so. */
const CLOCKS_DIFFER_MS = 10_000;
/** Whoever lives has written its ticket anew by then. */
const WATCH_MS = 45_000;
const MOST_READ = 1000;

/** A run whose records are on the host. */
export interface FoundRunCopy {
  readonly name: RunCopyName;
  readonly run: RunRecord;
  /** Null where its runner has left no word that can be read. */
  readonly ticket: RunTicket | null;
}

/** Of this run, or of all; the one that was begun last at the front. What cannot be read is left out. */
export async function findRunCopies(
  files: FileStore,
  { workDir, runId }: { readonly workDir: string; readonly runId?: string },
  signal: AbortSignal,
): Promise<Result<readonly FoundRunCopy[], JobFault>> {
  const listed = await files.list(runCopiesDir(workDir), { signal });
  if (listed.isErr())
    return listed.error.kind === 'not_found' ? ok([]) : err(hostFilesFault(listed.error, null));
  const names = listed.value.flatMap(({ name, type }) => {
    const parsed = type === 'directory' ? parseRunCopyName(name) : null;
    return parsed === null || (runId ?? parsed.runId) !== parsed.runId ? [] : [parsed];
  });
  const found: FoundRunCopy[] = [];
  for (const name of names.slice(0, MOST_READ)) {
    const { runRecord, ticket } = runCopyLayout(workDir, name);
    const run = await readRecord(files, runRecord, runRecordSchema, signal);
    if (run.isErr() || run.value.run_id !== name.runId) continue;
    const read = await readRecord(files, ticket, runTicketSchema, signal);
    found.push({ name, run: run.value, ticket: read.unwrapOr(null) });
  }
  return ok(found.sort((one, other) => (one.run.created_at < other.run.created_at ? 1 : -1)));
}

export interface LifeOfRunner {
  readonly files: FileStore;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
}

/** Why nobody else goes on with the run; null when its runner is gone, or has said nothing for so long. */
export async function whyItsRunnerLives(
  { files, processes, clock, hostTime }: LifeOfRunner,
  { workDir, name }: { readonly workDir: string; readonly name: RunCopyName },
  signal: AbortSignal,
): Promise<string | null> {
  const path = runCopyLayout(workDir, name).ticket;
  const read = async () => (await readRecord(files, path, runTicketSchema, signal)).unwrapOr(null);
  const ticket = await read();
  if (ticket === null) return null;
  const { runner, expires_at_ms: expiresAtMs } = ticket;
  const self = await processes.self();
  if (runner.pid === self.pid && runner.started === self.started && runner.scope === self.scope) return null;
  const state = await processes.state(runner);
  const who = `the process ${runner.pid} of ${runner.hostname}`;
  if (state === 'gone') return null;
  if (state === 'alive') return `${who} lives, and goes on with it`;
  const leftMs = expiresAtMs - hostTime.now();
  if (leftMs <= 0) return null;
  const says = `${who} has given a sign of life less than ${RUNNER_LIFE_MS / 1000} s ago`;
  const again = `try again in ${Math.ceil(Math.min(leftMs, RUNNER_LIFE_MS) / 1000)} s when you know that it is gone`;
  if (leftMs <= RUNNER_LIFE_MS + CLOCKS_DIFFER_MS) return `${says}: ${again}`;
  // No runner says so much: the clock of the host was set back, and whoever lives says something else soon.
  if ((await clock.sleep(WATCH_MS, signal)) !== 'elapsed') return `${says}: ${again}`;
  return (await read())?.expires_at_ms === expiresAtMs ? null : `${who} lives, and goes on with it`;
}
