import { posix } from 'node:path';
import type { FailedTest } from '../../../domain/job/test-report.js';

export interface Place {
  readonly file: string;
  readonly line?: number;
}

/**
 * A file of the workspace, relative to it, and the line. What a guest says of a file elsewhere, `/etc/passwd` or `../a`, is no place: the annotation
 * would stand at a file of the machine that reads it.
 */
export function placeInWorkspace({ file, line }: FailedTest): Place | null {
  if (file === undefined || /^[/\\]|^[A-Za-z][A-Za-z0-9+.-]*:/.test(file)) return null;
  const path = posix.normalize(file.replaceAll('\\', '/'));
  if (path === '.' || path === '..' || path.startsWith('../')) return null;
  return { file: path, ...(line === undefined ? {} : { line }) };
}
