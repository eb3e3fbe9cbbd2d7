import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { MemoryProcesses } from '../../../../src/adapters/memory/memory-processes.js';
import { loadRunBundle } from '../../../../src/application/records/load-run-bundle.js';
import { SecretMasker } from '../../../../src/application/secrets/secret-masker.js';
import { claimRun } from '../../../../src/application/target/claim-run.js';
import { RunRecorder } from '../../../../src/application/target/run-recorder.js';
import { runStateLayout } from '../../../../src/domain/records/run-layout.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { RUN_ID, runRecord } from '../../../support/recorded-run.js';

const STATE = runStateLayout('/state', RUN_ID);
const plan = {
  schema_version: 1,
  run_id: RUN_ID,
  target_id: 't',
  target_description: null,
  created_at: '2026-11-23T16:45:01.250Z',
  scope: 'post_host_setup_and_snapshot',
  nodes: [],
  target: null,
  selected_jobs: [],
} as const;
const records = () => ({ run: runRecord(), plan: { ...plan, nodes: [], selected_jobs: [] } });
const WRITES = ['makeDirectory', 'writeFile', 'rename'] as const;

/** A store that does nothing more once `calls` of its writing calls were made: what a killed runner leaves. */
function killedAfter(calls: number): MemoryFileStore {
  const store = new MemoryFileStore();
  let left = calls;
  for (const name of WRITES) {
    const call = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(store, {
      [name]: (...args: unknown[]) => {
        left -= 1;
        return left < 0 ? new Promise(() => {}) : call(...args);
      },
    });
  }
  return store;
}

describe('a runner that is killed while it begins a run', () => {
  it.each([0, 1, 2, 3])('after %i writes has left no run, and no half of one', async (calls) => {
    const store = killedAfter(calls);
    void claimRun(store, STATE, records());
    await new Promise((resolve) => setImmediate(resolve));
    const loaded = await loadRunBundle(
      { files: store, processes: new MemoryProcesses() },
      { stateRoot: '/state', runId: RUN_ID },
    );
    expect(loaded._unsafeUnwrapErr().kind).toBe('no_such_run');
  });

  it('after the last write has left a run that loads', async () => {
    const store = killedAfter(4);
    must(await claimRun(store, STATE, records()));
    const { run } = must(
      await loadRunBundle(
        { files: store, processes: new MemoryProcesses() },
        { stateRoot: '/state', runId: RUN_ID },
      ),
    );
    expect(run).toEqual(runRecord());
  });
});

describe('a record that changes as the run goes on', () => {
  it('is replaced whole, has the latest of all changes, and keeps their order', async () => {
    const store = new MemoryFileStore();
    must(await claimRun(store, STATE, records()));
    const recorder = new RunRecorder(store, STATE, runRecord(), new SecretMasker([]));
    recorder.changeJob('unit', { status: 'running' });
    recorder.change({ message: 'one' });
    recorder.change({ message: 'two' });
    await recorder.saved();
    const { run } = must(
      await loadRunBundle(
        { files: store, processes: new MemoryProcesses() },
        { stateRoot: '/state', runId: RUN_ID },
      ),
    );
    expect(run).toEqual(recorder.record);
    expect(run).toMatchObject({ message: 'two', jobs: [{ id: 'unit', status: 'running' }] });
  });
});
