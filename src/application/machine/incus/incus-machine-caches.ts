import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { CacheVolumeFault } from '../../cache/cache-volumes.js';
import type { MachineCaches } from '../../cache/machine-caches.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';

/** The caches of an instance. */
export function incusMachineCaches(
  incus: IncusApi,
  machine: { readonly project: string; readonly instance: string },
): MachineCaches {
  return {
    volumesIn: (pool) => new IncusCacheVolumes(incus, machine.project, pool),
    bytesOf: ({ path }, signal) => bytesIn(incus, machine, path, signal),
  };
}

/** The machine says it itself, and is believed no further than that. */
async function bytesIn(
  incus: IncusApi,
  { project, instance }: { readonly project: string; readonly instance: string },
  path: string,
  signal: AbortSignal,
): Promise<Result<number, CacheVolumeFault>> {
  const unknown = 'the machine does not say how large it is ("du" in it)';
  const opened = await incus.exec(
    project,
    instance,
    { command: ['du', '-sk', path], user: 0, group: 0 },
    { signal },
  );
  if (opened.isErr()) return err({ kind: 'failed', message: `${unknown}: ${opened.error.message}` });
  await using exec = opened.value;
  let said = '';
  for await (const { stream, data } of exec.output)
    if (stream === 'stdout' && said.length < 100) said += Buffer.from(data).toString('latin1');
  await exec.exit;
  const kib = Number(/^\s*([0-9]{1,13})\s/.exec(said)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(kib) ? ok(kib * 1024) : err({ kind: 'failed', message: unknown });
}
