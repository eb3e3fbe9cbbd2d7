import type { ScanOptions, WorkspaceScanner } from '../ports/workspace-scanner.js';

/** The scanner with what the configuration says of the workspace, so that whoever reads it sees the same. */
export function configuredScanner(
  scanner: WorkspaceScanner,
  configured: Pick<ScanOptions, 'exclude' | 'git' | 'onlyReachable'>,
): WorkspaceScanner {
  return {
    scan: (directory, options) => scanner.scan(directory, { ...options, ...configured }),
    revision: (directory, options) => scanner.revision(directory, { ...options, ...configured }),
    changedSince: (directory, revision, options) =>
      scanner.changedSince(directory, revision, { ...options, ...configured }),
  };
}
