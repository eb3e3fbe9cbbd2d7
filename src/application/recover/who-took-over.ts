import {
  parseRunCopyName,
  type RunCopyName,
  runCopiesDir,
  runCopyLayout,
  runTicketSchema,
} from '../../domain/records/run-copy-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from '../records/read-record.js';

/** Which runner goes on with a run whose copy had this name; null where there is none any more. */
export async function whoTookOver(
  files: FileStore,
  { workDir, name }: { readonly workDir: string; readonly name: RunCopyName },
  signal: AbortSignal,
): Promise<string | null> {
  const listed = await files.list(runCopiesDir(workDir), { signal });
  for (const entry of listed.unwrapOr([])) {
    const other = parseRunCopyName(entry.name);
    if (other?.runId !== name.runId) continue;
    const ticket = await readRecord(files, runCopyLayout(workDir, other).ticket, runTicketSchema, signal);
    if (ticket.isErr() || !ticket.value.taken_from.includes(name.token)) continue;
    const { pid, hostname } = ticket.value.runner;
    return `the process ${pid} of ${hostname}`;
  }
  return null;
}
