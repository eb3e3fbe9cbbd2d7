import type { WaitingMachineDocument } from '../../../domain/records/pool-documents.js';
import { type PoolRecord, poolRecordPath } from '../../../domain/records/pool-record.js';
import { poolsDirOf } from '../../../domain/records/run-layout.js';
import type { FileStore } from '../../../ports/file-store.js';
import { makeStateRoot } from '../../directories/state-root.js';
import type { WarmSettings } from '../../settings/job-settings.js';
import type { PoolStatus, WaitingMachine } from './pool-status.js';

/** A machine that waits as documents and records have it. */
export function waitingMachineDocument(one: WaitingMachine): WaitingMachineDocument {
  const { template } = one;
  return {
    type: 'waiting_machine',
    schema_version: 1,
    instance_name: one.name,
    pool: one.pool,
    is_up: one.isUp,
    created_at: one.createdAt,
    ends_at: one.endsAt,
    image_fingerprint: one.image,
    template:
      template === null ? null : { name: template.name, key: template.key, instance_name: template.instance },
    replaced_because: one.replacedBecause,
  };
}

/** A pool as it was seen; `seenAtMs` is the runner's time. */
export interface SeenPool extends Pick<PoolStatus, 'pool' | 'size' | 'waiting' | 'problem'> {
  readonly host: string;
  readonly incusProject: string;
  readonly seenAtMs: number;
}

export function poolRecord(
  { imageAlias, template, instanceType }: WarmSettings,
  { host, incusProject, size, waiting, problem, seenAtMs, ...seen }: SeenPool,
): PoolRecord {
  return {
    schema_version: 1,
    host,
    incus_project: incusProject,
    pool: seen.pool ?? '',
    size,
    instance_type: instanceType,
    image_alias: template === null ? imageAlias : null,
    template,
    seen_at: new Date(seenAtMs).toISOString(),
    waiting: waiting.filter(({ pool }) => pool === seen.pool).map(waitingMachineDocument),
    problem,
  };
}

/** Writes a pool's record, for those who look at the state root and ask no host. What fails is nobody's trouble: the next who fills it writes it again. */
export async function recordPool(files: FileStore, stateRoot: string, record: PoolRecord): Promise<void> {
  const made = await makeStateRoot(files, stateRoot);
  if (made.isErr()) return;
  const directory = await files.makeDirectory(poolsDirOf(stateRoot), { mode: 0o700 });
  if (directory.isErr()) return;
  const text = `${JSON.stringify(record, null, 2)}\n`;
  await files.writeFile(poolRecordPath(stateRoot, record), Buffer.from(text));
}
