import { err, ok, type Result } from 'neverthrow';
import { type Acquisition, isSameAcquisition } from '../../../domain/machine/acquisition.js';
import { readLease } from '../../../domain/machine/lease.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusConfig, IncusDevices } from '../../../ports/incus-types.js';
import type { CacheVolumeFault } from '../../cache/cache-volumes.js';
import { removeCopies } from '../../cache/remove-copies.js';
import { copiesOf } from './attach-caches.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';

const MOST_ROUNDS = 8;
const PAUSE_MS = 100;

/** An instance, and whose it must be. */
export interface OwnedInstance {
  readonly project: string;
  readonly name: string;
  readonly acquisition: Acquisition;
  /** Its copies of caches are for another attempt. */
  readonly keepsCopies?: boolean;
}

/**
 * Ends an instance, whatever its state, and fine when it is gone already. Stopping an ephemeral one deletes it; one that
 * never started, or is not ephemeral, is deleted after that. Its copies of caches go with it. Another one that has the name by now is left
 * alone.
 */
export async function removeInstance(
  { incus, clock }: { readonly incus: IncusApi; readonly clock: Clock },
  { project, name, acquisition, keepsCopies = false }: OwnedInstance,
  signal: AbortSignal,
): Promise<Result<void, IncusFault>> {
  const copies = new Map<string, Set<string>>();
  const ended = await endInstance(
    { incus, clock },
    { project, name, acquisition },
    (devices) => {
      for (const { pool, volume } of copiesOf(devices))
        copies.set(pool, (copies.get(pool) ?? new Set()).add(volume));
    },
    signal,
  );
  if (ended.isErr() || keepsCopies) return ended;
  for (const [pool, volumes] of copies) {
    const at = new IncusCacheVolumes(incus, project, pool);
    const removed = await removeCopies(at, { acquisition, names: [...volumes] }, signal);
    if (removed.isErr()) return err(notRemoved(incus.host, removed.error));
  }
  return ok(undefined);
}

async function endInstance(
  { incus, clock }: { readonly incus: IncusApi; readonly clock: Clock },
  { project, name, acquisition }: OwnedInstance,
  onFound: (devices: IncusDevices) => void,
  signal: AbortSignal,
): Promise<Result<void, IncusFault>> {
  let last: IncusFault | null = null;
  for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round++) {
    const found = await incus.instance(project, name, { signal });
    if (found.isErr() && found.error.kind === 'not_found') return ok(undefined);
    if (found.isErr() && !settles(found.error)) return err(found.error);
    if (found.isOk() && !isOurs(found.value.value.config, acquisition)) return ok(undefined);
    if (found.isErr()) {
      last = found.error;
      await clock.sleep(PAUSE_MS * (round + 1), signal);
      continue;
    }
    onFound(found.value.value.devices);
    const stopped = await incus.changeState(
      project,
      name,
      { action: 'stop', timeoutSecs: 0, force: true },
      { signal },
    );
    if (stopped.isErr() && stopped.error.kind === 'not_found') return ok(undefined);
    if (stopped.isErr() && !settles(stopped.error)) return err(stopped.error);
    const deleted = await incus.deleteInstance(project, name, { signal });
    if (deleted.isOk() || deleted.error.kind === 'not_found') return ok(undefined);
    if (!settles(deleted.error)) return err(deleted.error);
    last = deleted.error;
    await clock.sleep(PAUSE_MS * (round + 1), signal);
  }
  return err(
    last ?? {
      kind: 'aborted',
      host: incus.host,
      tried: `remove ${name}`,
      status: null,
      message: 'ran out of time',
    },
  );
}

function isOurs(config: IncusConfig, acquisition: Acquisition): boolean {
  return isSameAcquisition(acquisition, readLease(config)?.acquisition ?? null);
}

function notRemoved(host: string, { message }: CacheVolumeFault): IncusFault {
  return { kind: 'operation_failed', host, tried: 'remove the copies of caches', status: null, message };
}

/** Already stopped, still starting, stopping for somebody else: worth another look. */
function settles(fault: IncusFault): boolean {
  return ['invalid_request', 'busy', 'operation_failed', 'server_error', 'connection_lost'].includes(
    fault.kind,
  );
}
