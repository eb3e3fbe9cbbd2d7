import type { FileFault } from '../ports/file-store.js';

export interface FileCall {
  readonly host: string;
  readonly path: string;
  readonly operation: string;
}

export function fileFault(kind: FileFault['kind'], call: FileCall, message: string): FileFault {
  return { kind, host: call.host, path: call.path, operation: call.operation, message };
}

/** `FileStat.type` by the mode bits of stat(2). */
export function fileTypeOf(mode: number): 'file' | 'directory' | 'symlink' | 'other' {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    default:
      return 'other';
  }
}
