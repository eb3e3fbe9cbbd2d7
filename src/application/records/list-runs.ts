import { err, ok, type Result } from 'neverthrow';
import pLimit from 'p-limit';
import type { RunStatus } from '../../domain/events/run-status.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { Clock } from '../../ports/clock.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import { badNumber, type RunStateFault } from './run-state-fault.js';
import { readRuns } from './summarize-runs.js';

const READS_AT_ONCE = 16;

/** The runs of a state root. */
export interface RunListing {
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** How many there are of what was asked for, also those that `skip` and `limit` leave out. */
  readonly matching: number;
  /** How many there are at all. */
  readonly total: number;
  /** Directories that look like runs and have no record that can be read. */
  readonly damaged: readonly { readonly runId: string; readonly message: string }[];
}

export interface RunListQuery {
  readonly stateRoot: string;
  /** Only runs of this branch. */
  readonly branch?: string | undefined;
  /** Only runs of this target. */
  readonly target?: string | undefined;
  /** Only runs that stand so. */
  readonly status?: RunStatus | undefined;
  /** Leaves out this many of the newest. */
  readonly skip?: number | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The runs of a state root; empty where there is none yet. Only those that are given are read whole. */
export async function listRuns(
  ports: RecordPorts & { readonly clock: Clock },
  query: RunListQuery,
): Promise<Result<RunListing, RunStateFault>> {
  const { stateRoot, signal } = query;
  const bad = badNumber([
    { name: 'limit', value: query.limit },
    { name: 'skip', value: query.skip },
  ]);
  if (bad !== null) return err(bad);
  const read = await readRuns(ports, { stateRoot, signal });
  if (read.isErr()) return err(read.error);
  const { runs: all, records } = read.value;
  const { branch, target, status } = query;
  const matching = all.filter(
    (run) =>
      (branch === undefined || run.git_branch === branch) &&
      (target === undefined || run.target_id === target) &&
      (status === undefined || run.status === status),
  );
  const first = query.skip ?? 0;
  const wanted = matching.slice(first, first + (query.limit ?? matching.length));
  const slots = pLimit(READS_AT_ONCE);
  const loaded = await Promise.all(
    wanted.map(({ run_id: runId }) =>
      slots(async () => {
        const known = records.get(runId);
        const record =
          known === undefined ? await loadRunRecord(ports, { stateRoot, runId, signal }) : ok(known);
        return { runId, record };
      }),
    ),
  );
  const runs: RunRecord[] = [];
  const damaged = [...read.value.damaged];
  for (const { runId, record } of loaded) {
    if (record.isOk()) runs.push(record.value);
    else if (record.error.kind === 'aborted') return err(record.error);
    // One that is gone was removed meanwhile.
    else if (record.error.kind !== 'no_such_run') damaged.push({ runId, message: record.error.message });
  }
  return ok({ runs, matching: matching.length, total: all.length, damaged });
}
