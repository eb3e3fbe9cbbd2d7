import { err, ok, type Result } from 'neverthrow';
import type { z } from 'zod';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { type RunStateFault, stateFilesFault } from './run-state-fault.js';

/** Larger than any record that pikaci writes. */
const LARGEST_RECORD = 16 * 1024 * 1024;

type ReadFault =
  | RunStateFault
  | { readonly kind: 'missing'; readonly path: string; readonly cause: FileFault };

/** Reads one JSON record; whoever asks says what a missing file means. */
export async function readRecord<T extends z.ZodType>(
  files: FileStore,
  path: string,
  schema: T,
  signal?: AbortSignal,
): Promise<Result<z.output<T>, ReadFault>> {
  const options = signal === undefined ? {} : { signal };
  const bytes = await files.readFile(path, { ...options, maxBytes: LARGEST_RECORD });
  if (bytes.isErr()) {
    const { kind } = bytes.error;
    if (kind === 'not_found' || kind === 'not_a_directory')
      return err({ kind: 'missing', path, cause: bytes.error });
    if (kind === 'too_large') return err(damaged(path, `it has more than ${LARGEST_RECORD} bytes`));
    return err(kind === 'is_a_directory' ? damaged(path, 'it is a directory') : stateFilesFault(bytes.error));
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.value));
  } catch {
    return err(damaged(path, 'it is not UTF-8 JSON'));
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return err(damaged(path, `${issue?.path.map(String).join('.') || 'the document'}: ${issue?.message}`));
}

function damaged(path: string, problem: string): RunStateFault {
  return { kind: 'damaged', path, message: `${path} cannot be read: ${problem}` };
}
