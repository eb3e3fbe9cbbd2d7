import type { Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';

/**
 * Directories of the host that instances mount right now, whoever looks after them: of all projects, because several may share a
 * work directory.
 */
export async function instanceSources(
  incus: IncusApi,
  signal: AbortSignal,
): Promise<Result<readonly string[], IncusFault>> {
  const instances = await incus.instancesOfAllProjects({ signal });
  return instances.map((all) =>
    all.flatMap(({ devices }) =>
      Object.values(devices).flatMap(({ type, source = '' }) =>
        type === 'disk' && source.startsWith('/') ? [source] : [],
      ),
    ),
  );
}
