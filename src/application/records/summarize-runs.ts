import { err, ok, type Result } from 'neverthrow';
import pLimit from 'p-limit';
import { isSettled } from '../../domain/records/run-index.js';
import { runsDirOf } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { type RunSummary, runSummaryOf } from '../../domain/records/run-summary.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import type { Clock } from '../../ports/clock.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import { RunIndex } from './run-index.js';
import { checkedRoot } from './run-layout-for.js';
import { type RunStateFault, stateFilesFault } from './run-state-fault.js';

const READS_AT_ONCE = 16;
/** So many records are read as fast as an index of them. */
const FEW_RUNS = 100;

/** The runs of a state root, in short. */
export interface RunSummaries {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** Directories that look like runs and have no record that can be read. */
  readonly damaged: readonly { readonly runId: string; readonly message: string }[];
}

export interface ReadRuns extends RunSummaries {
  /** Those that had to be read whole. */
  readonly records: ReadonlyMap<string, RunRecord>;
}

/** All runs; of those that have ended for good no record is read again. */
export async function readRuns(
  ports: RecordPorts & { readonly clock: Clock },
  { stateRoot, signal }: { readonly stateRoot: string; readonly signal?: AbortSignal | undefined },
): Promise<Result<ReadRuns, RunStateFault>> {
  const { files, clock } = ports;
  const root = checkedRoot(stateRoot);
  if (root.isErr()) return err(root.error);
  const options = signal === undefined ? {} : { signal };
  const index = await RunIndex.open({ files, clock, stateRoot, ...options });
  const listed = await files.list(runsDirOf(stateRoot), options);
  if (listed.isErr()) {
    if (listed.error.kind === 'not_found') return ok({ runs: [], damaged: [], records: new Map() });
    return err(stateFilesFault(listed.error));
  }
  const ids = listed.value
    .filter((entry) => entry.type === 'directory' && runIdSchema.safeParse(entry.name).success)
    .map((entry) => entry.name);
  const isIndexed = ids.length >= FEW_RUNS;
  const runs: RunSummary[] = [];
  const records = new Map<string, RunRecord>();
  const damaged: { runId: string; message: string }[] = [];
  const slots = pLimit(READS_AT_ONCE);
  const unknown = ids.filter((runId) => {
    const entry = isIndexed ? index.entryOf(runId) : undefined;
    if (entry !== undefined) runs.push(entry.run);
    return entry === undefined;
  });
  const loaded = await Promise.all(
    unknown.map((runId) =>
      slots(async () => {
        const stamp = isIndexed ? await index.stampOf(runId) : null;
        const record = await loadRunRecord(ports, { stateRoot, runId, signal });
        if (record.isOk() && stamp !== null && isSettled(record.value))
          index.add({ ...stamp, run: runSummaryOf(record.value) });
        return { runId, record };
      }),
    ),
  );
  for (const { runId, record } of loaded) {
    if (record.isOk()) {
      records.set(runId, record.value);
      runs.push(runSummaryOf(record.value));
    } else if (record.error.kind === 'aborted') return err(record.error);
    else damaged.push({ runId, message: record.error.message });
  }
  if (isIndexed) await index.save(ids);
  runs.sort((a, b) => compare(b.created_at, a.created_at) || compare(b.run_id, a.run_id));
  return ok({ runs, damaged, records });
}

/** All runs in short; empty where there are none yet. */
export async function summarizeRuns(
  ports: RecordPorts & { readonly clock: Clock },
  query: { readonly stateRoot: string; readonly signal?: AbortSignal | undefined },
): Promise<Result<RunSummaries, RunStateFault>> {
  const read = await readRuns(ports, query);
  return read.map(({ runs, damaged }) => ({ runs, damaged }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
