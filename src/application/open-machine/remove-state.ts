import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path/posix';
import type { Result } from 'neverthrow';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';

/** Out of sight by one rename: whoever takes the id at the same moment loses nothing of what is new. */
export async function removeMachineState(
  files: FileStore,
  id: string,
  { machineDir }: MachineStateLayout,
): Promise<Result<void, FileFault>> {
  const aside = `${dirname(machineDir)}/.removing-${id}-${randomBytes(4).toString('hex')}`;
  const moved = await files.rename(machineDir, aside);
  return moved.isErr() ? moved : await files.remove(aside, { recursive: true });
}
