import { describe, expect, it } from 'vitest';
import * as runState from '../../../src/composition/run-state.js';

/** What a caller without types may hand in. */
const nothing = undefined as never;
const calls = { ...runState };

describe('what is recorded of runs, where no state root is named', () => {
  it.each([
    'loadRunBundle',
    'loadRunRecord',
    'loadPlan',
    'loadPreparedOutputs',
    'loadLogsMetadata',
    'loadLogs',
    'readLog',
    'readStepLog',
    'readArtifact',
    'loadJob',
    'loadSteps',
    'listRuns',
    'gcRuns',
  ] as const)('%s answers with a fault, and throws nothing', async (call) => {
    for (const root of ['', nothing]) {
      const answer = await (calls[call] as (...args: never[]) => ReturnType<typeof runState.loadPlan>)(
        root as never,
        nothing,
        nothing,
      );
      expect(answer._unsafeUnwrapErr()).toMatchObject({ kind: 'invalid_id' });
    }
  });

  it('the events end with a fault', async () => {
    const { signal } = new AbortController();
    for (const events of [
      runState.readEvents(nothing, 'run', { from: 0, signal }),
      runState.followEvents(nothing, 'run', { from: 0, signal }),
    ]) {
      const { value } = await events.next();
      expect(value).toMatchObject({ error: { kind: 'invalid_id' } });
    }
  });
});
