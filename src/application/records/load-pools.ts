import { err, ok, type Result } from 'neverthrow';
import { type PoolRecord, poolRecordSchema } from '../../domain/records/pool-record.js';
import { poolsDirOf } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import { checkedRoot } from './run-layout-for.js';
import { type RunStateFault, stateFilesFault } from './run-state-fault.js';

/** Of more, nobody sees the rest. */
const MOST = 1000;

/** The pools that processes of this state root have filled, by host and name; none where there are none. One that cannot be read is left out. */
export async function loadPools(
  files: FileStore,
  { stateRoot, signal }: { readonly stateRoot: string; readonly signal?: AbortSignal | undefined },
): Promise<Result<readonly PoolRecord[], RunStateFault>> {
  const root = checkedRoot(stateRoot);
  if (root.isErr()) return err(root.error);
  const directory = poolsDirOf(stateRoot);
  const listed = await files.list(directory, signal === undefined ? {} : { signal });
  if (listed.isErr()) return listed.error.kind === 'not_found' ? ok([]) : err(stateFilesFault(listed.error));
  const names = listed.value.map(({ name }) => name).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(
    names.slice(0, MOST).map((name) => readRecord(files, `${directory}/${name}`, poolRecordSchema, signal)),
  );
  const order = ({ host, incus_project: project, pool }: PoolRecord) => `${host} ${project} ${pool}`;
  return ok(
    read
      .flatMap((one) => (one.isOk() ? [one.value] : []))
      .sort((one, other) => (order(one) < order(other) ? -1 : 1)),
  );
}
