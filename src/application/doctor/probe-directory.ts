import { randomBytes } from 'node:crypto';
import type { FileStore } from '../../ports/file-store.js';
import { type HostSpace, isFull, spaceText } from '../directories/host-space.js';
import { failed, passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

export interface DirectoryProbe {
  readonly name: 'work_dir' | 'state_root';
  readonly files: FileStore;
  /** Absolute. */
  readonly path: string;
  readonly remedy: string;
  readonly signal: AbortSignal;
  /** What is left on its disk; null where that is not known. */
  readonly space?: () => Promise<HostSpace | null>;
}

/** A disk that is full still takes the name of an empty file. */
const PROBE_BYTES = 64 * 1024;
/** With less than that a workspace or an image's layer may not fit any more. */
const LITTLE_BYTES = 1024 ** 3;

/** Makes the directory when it is not there, as a job would, and writes and removes a file in it. */
export async function probeDirectory(probe: DirectoryProbe): Promise<DoctorCheck> {
  const { name, files, path, signal } = probe;
  const file = `${path.replace(/\/+$/, '')}/.pikaci-doctor-${randomBytes(6).toString('hex')}`;
  const made = await files.makeDirectory(path, { signal });
  const written = made.isErr() ? made : await files.writeFile(file, new Uint8Array(PROBE_BYTES), { signal });
  if (written.isErr()) {
    const { kind, message } = written.error;
    const why = kind === 'no_space' ? dfOf(path) : probe.remedy;
    return failed(name, `${path} on ${files.host} cannot be written to: ${kind}: ${message}`, why);
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
  const space = (await probe.space?.()) ?? null;
  const writable = `${path} on ${files.host} can be written to`;
  if (space === null) return passed(name, writable);
  const left = `${spaceText(space)} are free`;
  const gc = '"pikaci gc --remote"';
  if (isFull(space))
    return failed(
      name,
      `the disk of ${path} on ${files.host} is full: ${left}; ${gc} removes what nobody uses`,
      dfOf(path),
    );
  if (space.bytes < LITTLE_BYTES)
    return warned(name, `${writable}, but only ${left}; ${gc} removes what nobody uses`, dfOf(path));
  return passed(name, `${writable}; ${left}`);
}

function dfOf(path: string): string {
  return `df -h ${quoted(path)}`;
}
