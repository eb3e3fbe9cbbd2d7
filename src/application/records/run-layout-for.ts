import { err, ok, type Result } from 'neverthrow';
import { type RunStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { RunStateFault } from './run-state-fault.js';

export interface RunQuery {
  readonly stateRoot: string;
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where a run's records are. The id comes from outside: it is checked before it becomes part of a path. */
export function runLayoutFor(stateRoot: string, runId: string): Result<RunStateLayout, RunStateFault> {
  const root = checkedRoot(stateRoot);
  if (root.isErr()) return err(root.error);
  const id = runIdSchema.safeParse(runId);
  return id.success ? ok(runStateLayout(stateRoot, id.data)) : err(invalidId(id.error.issues[0]?.message));
}

/** Nothing would mean the root of the file system, or the current folder. */
export function checkedRoot(stateRoot: string): Result<string, RunStateFault> {
  return stateRoot === '' ? err(invalidId('the state root: a folder is expected')) : ok(stateRoot);
}

export function checkedJob(jobId: string): Result<string, RunStateFault> {
  const id = jobIdSchema.safeParse(jobId);
  return id.success ? ok(id.data) : err(invalidId(id.error.issues[0]?.message));
}

function invalidId(message = 'is not an id'): RunStateFault {
  return { kind: 'invalid_id', path: null, message };
}
