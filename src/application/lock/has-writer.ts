import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import { LockFiles } from './lock-files.js';

/** Whether a process has a job's directory locked, and so writes its state. One that cannot be looked at is believed to live. */
export async function hasWriter(
  { files, processes }: { readonly files: FileStore; readonly processes: Processes },
  jobDir: string,
): Promise<boolean> {
  const lock = await new LockFiles(files, jobDir).newest();
  const holder = lock.isOk() ? (lock.value?.holder ?? null) : null;
  return holder !== null && (await processes.state(holder)) !== 'gone';
}
