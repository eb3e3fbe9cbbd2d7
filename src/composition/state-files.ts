import { resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { NodeFileStore } from '../adapters/node/node-file-store.js';
import { NodeLogReader } from '../adapters/node/node-log-reader.js';
import { NodeProcesses } from '../adapters/node/node-processes.js';
import { SystemClock } from '../adapters/node/system-clock.js';
import { checkStateRoot } from '../application/directories/state-root.js';
import type { RunStateFault } from '../application/records/run-state-fault.js';

/** Needs no host: everything is in the state root (`.pikaci`) on this machine. Holds no resource between calls. */
export const files = new NodeFileStore();
export const logs = new NodeLogReader();
export const ports = { files, processes: new NodeProcesses(), clock: new SystemClock() };

/** Absolute; empty where none is named, which is not the current folder. */
function rootOf(stateRoot: string): string {
  return typeof stateRoot === 'string' && stateRoot !== '' ? resolve(stateRoot) : '';
}

export type Answer<T> = Promise<Result<T, RunStateFault>>;

/** Nothing is read through a link, as nothing is recorded through one. */
export async function below<T>(stateRoot: string, read: (stateRoot: string) => Answer<T>): Answer<T> {
  const root = await usableRoot(stateRoot);
  return root.isErr() ? err(root.error) : await read(root.value);
}

export async function usableRoot(stateRoot: string): Answer<string> {
  const path = rootOf(stateRoot);
  const usable = path === '' ? ok(undefined) : await checkStateRoot(files, path);
  return usable.map(() => path).mapErr(({ message }) => ({ kind: 'unreadable', path, message }));
}

/** What ends a call early: an aborted one answers with a fault of kind `aborted`. */
export interface RunStateOptions {
  readonly signal?: AbortSignal;
}
