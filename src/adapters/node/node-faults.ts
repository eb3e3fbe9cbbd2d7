import { err, ok, type Result } from 'neverthrow';
import type { FileFault } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';
import { filePathProblem } from '../../streams/file-paths.js';

const KINDS: Readonly<Record<string, FileFault['kind']>> = {
  ENOENT: 'not_found',
  EEXIST: 'already_exists',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EROFS: 'permission_denied',
  ENOTDIR: 'not_a_directory',
  EISDIR: 'is_a_directory',
  ENOTEMPTY: 'not_empty',
  ENAMETOOLONG: 'name_too_long',
  EILSEQ: 'name_refused',
  ENOSPC: 'no_space',
  EDQUOT: 'no_space',
};

/** Runs one operation of node:fs; its errors become faults by their code (errno(3)). */
export async function attempt<T>(
  call: FileCall,
  options: CallOptions,
  work: () => Promise<T>,
): Promise<Result<T, FileFault>> {
  const problem = filePathProblem(call.path);
  if (problem !== null) return err(fileFault('io', call, problem));
  if (options.signal?.aborted) return err(fileFault('aborted', call, 'cancelled by the caller'));
  try {
    return ok(await work());
  } catch (error) {
    return err(nodeFault(call, error as NodeJS.ErrnoException));
  }
}

export function nodeFault(call: FileCall, error: NodeJS.ErrnoException): FileFault {
  if (error instanceof KindError) return fileFault(error.kind, call, error.message);
  return fileFault(kindOf(error), call, inWords(error.message));
}

/** An argument that these do not take (EINVAL) is the name: open(2), and file systems such as vfat, exfat, and ext4 with strict case folding. */
const NAMING: readonly (string | undefined)[] = ['open', 'mkdir'];

function kindOf({ code = '', syscall }: NodeJS.ErrnoException): FileFault['kind'] {
  if (code === 'EINVAL' && NAMING.includes(syscall)) return 'name_refused';
  return KINDS[code] ?? 'io';
}

/** `ENOENT: no such file or directory, open '/x'`: the fault has the path and what was done to it. */
function inWords(message: string): string {
  return /^[A-Z0-9]+: (.+?), \w+(?: '.*')?$/s.exec(message)?.[1] ?? message;
}

/** A refusal of our own within an operation. */
export class KindError extends Error {
  constructor(
    readonly kind: FileFault['kind'],
    message: string,
  ) {
    super(message);
  }
}
