import { randomBytes } from 'node:crypto';
import type { FileStore } from '../../ports/file-store.js';
import { failed, passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

export interface DirectoryProbe {
  readonly name: 'work_dir' | 'state_root';
  readonly files: FileStore;
  /** Absolute. */
  readonly path: string;
  readonly remedy: string;
  readonly signal: AbortSignal;
}

/** Makes the directory when it is not there, as a job would, and writes and removes a file in it. */
export async function probeDirectory(probe: DirectoryProbe): Promise<DoctorCheck> {
  const { name, files, path, signal } = probe;
  const file = `${path.replace(/\/+$/, '')}/.pikaci-doctor-${randomBytes(6).toString('hex')}`;
  const made = await files.makeDirectory(path, { signal });
  const written = made.isErr() ? made : await files.writeFile(file, new Uint8Array(), { signal });
  if (written.isErr()) {
    const { kind, message } = written.error;
    return failed(name, `${path} on ${files.host} cannot be written to: ${kind}: ${message}`, probe.remedy);
  }
  // Without the signal: what was written has to go, also after an interrupt. `inTime` bounds it.
  const removed = await files.remove(file);
  if (removed.isErr()) {
    return warned(
      name,
      `a file in ${path} on ${files.host} could not be removed: ${removed.error.message}`,
      `rm ${quoted(file)}`,
    );
  }
  return passed(name, `${path} on ${files.host} can be written to`);
}
