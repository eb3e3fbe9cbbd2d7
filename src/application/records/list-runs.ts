import { err, ok, type Result } from 'neverthrow';
import pLimit from 'p-limit';
import { runsDirOf } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import { checkedRoot } from './run-layout-for.js';
import { badNumber, type RunStateFault, stateFilesFault } from './run-state-fault.js';

const READS_AT_ONCE = 16;

/** The runs of a state root. */
export interface RunListing {
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** How many there are of the branch that was asked for (of all without one), also those that `skip` and `limit` leave out. */
  readonly matching: number;
  /** How many there are of all branches. */
  readonly total: number;
  /** Directories that look like runs and have no record that can be read. */
  readonly damaged: readonly { readonly runId: string; readonly message: string }[];
}

export interface RunListQuery {
  readonly stateRoot: string;
  /** Only runs of this branch. */
  readonly branch?: string | undefined;
  /** Leaves out this many of the newest. */
  readonly skip?: number | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The runs of a state root; empty where there is none yet. */
export async function listRuns(
  ports: RecordPorts,
  query: RunListQuery,
): Promise<Result<RunListing, RunStateFault>> {
  const { stateRoot, signal } = query;
  const root = checkedRoot(stateRoot);
  if (root.isErr()) return err(root.error);
  const bad = badNumber([
    { name: 'limit', value: query.limit },
    { name: 'skip', value: query.skip },
  ]);
  if (bad !== null) return err(bad);
  const listed = await ports.files.list(runsDirOf(stateRoot), signal === undefined ? {} : { signal });
  if (listed.isErr()) {
    if (listed.error.kind === 'not_found') return ok({ runs: [], matching: 0, total: 0, damaged: [] });
    return err(stateFilesFault(listed.error));
  }
  const ids = listed.value
    .filter((entry) => entry.type === 'directory' && runIdSchema.safeParse(entry.name).success)
    .map((entry) => entry.name);
  const slots = pLimit(READS_AT_ONCE);
  const loaded = await Promise.all(
    ids.map((runId) =>
      slots(async () => ({ runId, record: await loadRunRecord(ports, { stateRoot, runId, signal }) })),
    ),
  );
  const runs: RunRecord[] = [];
  const damaged: { runId: string; message: string }[] = [];
  for (const { runId, record } of loaded) {
    if (record.isOk()) runs.push(record.value);
    else if (record.error.kind === 'aborted') return err(record.error);
    else damaged.push({ runId, message: record.error.message });
  }
  const ofBranch = runs.filter((run) => query.branch === undefined || run.git_branch === query.branch);
  ofBranch.sort((a, b) => compare(b.created_at, a.created_at) || compare(b.run_id, a.run_id));
  const first = query.skip ?? 0;
  const shown = ofBranch.slice(first, first + (query.limit ?? ofBranch.length));
  return ok({ runs: shown, matching: ofBranch.length, total: runs.length, damaged });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
