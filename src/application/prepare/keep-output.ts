import { err, ok, type Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { PREPARED_MARKER, preparedMarkerSchema } from './prepared-marker.js';

/** Puts what was filled where it is kept, whole and with its marker, by one rename. What another has put there meanwhile stays. */
export async function keepOutput(
  { hostFiles }: { readonly hostFiles: FileStore },
  at: {
    readonly building: string;
    readonly home: string;
    readonly key: string;
    readonly signal: AbortSignal;
  },
): Promise<Result<void, JobFault>> {
  const { signal } = at;
  const marker = Buffer.from(`${JSON.stringify({ schema_version: 1, key: at.key })}\n`);
  const written = await hostFiles.writeFile(`${at.building}/${PREPARED_MARKER}`, marker, { signal });
  if (written.isErr()) return err(hostFilesFault(written.error, null));
  const renamed = await hostFiles.rename(at.building, at.home, { signal });
  if (renamed.isOk()) return ok(undefined);
  // Another run may have made the same in the meantime.
  if (!(await isKept({ hostFiles }, at, signal))) return err(hostFilesFault(renamed.error, null));
  await hostFiles.remove(at.building, { recursive: true });
  return ok(undefined);
}

/** Whether an output is there whole, and is that of its key. */
export async function isKept(
  { hostFiles }: { readonly hostFiles: FileStore },
  { home, key }: { readonly home: string; readonly key: string },
  signal: AbortSignal,
): Promise<boolean> {
  const bytes = await hostFiles.readFile(`${home}/${PREPARED_MARKER}`, { signal, maxBytes: 64 * 1024 });
  if (bytes.isErr()) return false;
  try {
    return preparedMarkerSchema.parse(JSON.parse(Buffer.from(bytes.value).toString('utf8'))).key === key;
  } catch {
    return false;
  }
}
