import type { Result } from 'neverthrow';
import type { ScanFault, WorkspaceScanner, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';

/** Begins to read the workspace at once, beside what else has to be done first. Whoever asks again reads it again. */
export function scanAhead(
  scanner: WorkspaceScanner,
  workspace: string,
  signal: AbortSignal,
): () => Promise<Result<WorkspaceSnapshot, ScanFault>> {
  const read = () => scanner.scan(workspace, { signal });
  let ahead: ReturnType<typeof read> | null = read();
  return () => {
    const reading = ahead ?? read();
    ahead = null;
    return reading;
  };
}
