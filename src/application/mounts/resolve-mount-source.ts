import { err, ok, type Result } from 'neverthrow';
import type { PlannedMount } from '../../domain/mounts/mount-plan.js';
import { isWithin } from '../../domain/values/path-rules.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';

const PHASE = 'prepare_runtime';

/**
 * Where a mount's source really lies on the host. Refused when a link leads out of the (also resolved) output root; the
 * link is named.
 */
export async function resolveMountSource(
  files: FileStore,
  mount: PlannedMount,
  signal: AbortSignal,
): Promise<Result<string, JobFault>> {
  const [root, source] = await Promise.all([
    files.realpath(mount.outputRoot, { signal }),
    files.realpath(mount.sourcePath, { signal }),
  ]);
  if (root.isErr()) return err(hostFilesFault(root.error, PHASE));
  if (source.isErr()) {
    if (source.error.kind !== 'not_found') return err(hostFilesFault(source.error, PHASE));
    return err(refused(files.host, mount, `${mount.sourcePath} does not exist on ${files.host}`));
  }
  if (isWithin(root.value, source.value)) return ok(source.value);
  const link = await findLink(files, mount, signal);
  const leads = `leads to ${source.value}, outside of its output root ${root.value}`;
  return err(refused(files.host, mount, `the link ${link ?? mount.sourcePath} ${leads}`));
}

/** The first component below the output root that is a link. */
async function findLink(files: FileStore, mount: PlannedMount, signal: AbortSignal): Promise<string | null> {
  let path = mount.outputRoot;
  for (const part of mount.sourcePath.slice(mount.outputRoot.length).split('/').filter(Boolean)) {
    path = `${path}/${part}`;
    const stat = await files.lstat(path, { signal });
    if (stat.isErr()) return null;
    if (stat.value.type === 'symlink') return path;
  }
  return null;
}

function refused(host: string, mount: PlannedMount, problem: string): JobFault {
  const message = `mount "${mount.name}" of the output "${mount.devicePrefix}": relative_path: ${problem}`;
  return { kind: 'payload_refused', phase: PHASE, host, message, field: 'relative_path' };
}
