import { err, ok, type Result } from 'neverthrow';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { isWithin, joinBelow } from '../../domain/values/path-rules.js';
import type { FileStore } from '../../ports/file-store.js';
import type { LogPart, LogReader } from '../../ports/log-reader.js';
import { loadJob } from './load-job.js';
import type { RunQuery } from './run-layout-for.js';
import { badNumber, type RunStateFault, stateFilesFault } from './run-state-fault.js';

const DEFAULT_MAX_BYTES = 256 * 1024;

export interface ArtifactPartQuery extends RunQuery {
  readonly job: string;
  /** Relative to the job's artifacts. */
  readonly path: string;
  readonly offset: number;
  /** Default 256 KiB. */
  readonly maxBytes?: number | undefined;
}

/** Reads what the job's record lists, and only while it lies, links followed, below the job's artifacts. */
export async function readArtifact(
  files: FileStore,
  reader: LogReader,
  query: ArtifactPartQuery,
): Promise<Result<LogPart, RunStateFault>> {
  const job = await loadJob(files, query);
  if (job.isErr()) return err(job.error);
  const bad = badNumber([
    { name: 'offset', value: query.offset ?? null, least: -Number.MAX_SAFE_INTEGER },
    { name: 'maxBytes', value: query.maxBytes },
  ]);
  if (bad !== null) return err(bad);
  const missing = (): RunStateFault => ({
    kind: 'no_such_artifact',
    path: null,
    message: `job ${query.job} of run ${query.runId} has no artifact ${JSON.stringify(query.path)}`,
  });
  const listed = job.value.outcome?.artifacts.collected.some(({ path }) => path === query.path) === true;
  if (!listed || !isPlainRelative(query.path)) return err(missing());
  const { artifactsDir } = jobStateLayout(query.stateRoot, query.runId, query.job);
  const options = query.signal === undefined ? {} : { signal: query.signal };
  const [root, target] = await Promise.all([
    files.realpath(artifactsDir, options),
    files.realpath(joinBelow(artifactsDir, query.path), options),
  ]);
  for (const found of [root, target]) {
    if (found.isErr())
      return err(found.error.kind === 'not_found' ? missing() : stateFilesFault(found.error));
  }
  if (root.isErr() || target.isErr()) return err(missing());
  if (!isWithin(root.value, target.value) || root.value === target.value) return err(missing());
  const range = { offset: query.offset, maxBytes: query.maxBytes ?? DEFAULT_MAX_BYTES };
  const part = await reader.read(target.value, range, options);
  if (part.isOk()) return ok(part.value);
  return err(part.error.kind === 'not_found' ? missing() : stateFilesFault(part.error));
}

/** The record may have been written by another program, and those before 0.2 have names with control characters. */
function isPlainRelative(path: string): boolean {
  if (path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
