import { randomBytes } from 'node:crypto';
import { basename, dirname, isAbsolute, join } from 'node:path/posix';

/** Why a path cannot be used with a file store, or `null`. */
export function filePathProblem(path: string): string | null {
  if (!isAbsolute(path)) return 'the path is not absolute';
  return path.includes('\0') ? 'the path has a NUL byte' : null;
}

/** A name beside the target on the same file system, hidden, and short enough whatever the target is called (NAME_MAX is 255). */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 50)}.${randomBytes(6).toString('hex')}.tmp`);
}
