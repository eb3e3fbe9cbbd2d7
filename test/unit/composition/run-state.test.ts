import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as runState from '../../../src/composition/run-state.js';

/** What a caller without types may hand in. */
const nothing = undefined as never;
const calls = { ...runState };

const NAMES = [
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
] as const;

describe('what is recorded of runs, where no state root is named', () => {
  it.each(NAMES)('%s answers with a fault, and throws nothing', async (call) => {
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

describe('what is recorded of runs, where the state root is a link', () => {
  async function folderOf() {
    const folder = await mkdtemp(join(tmpdir(), 'pikaci-state-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, 'forged/runs/run'), { recursive: true });
    return folder;
  }
  async function linked() {
    const folder = await folderOf();
    await symlink('forged', join(folder, 'state'));
    return join(folder, 'state');
  }
  const refused = (root: string) => ({
    kind: 'unreadable',
    path: root,
    message: expect.stringContaining(`${root} is a link`),
  });

  it('nothing is read through a link inside of it either', async () => {
    const folder = await folderOf();
    await mkdir(join(folder, 'state'));
    await symlink('../forged/runs', join(folder, 'state/runs'));
    const root = join(folder, 'state');
    expect((await runState.listRuns(root, {}))._unsafeUnwrapErr()).toMatchObject({
      kind: 'unreadable',
      message: expect.stringContaining(`${root}/runs is a link`),
    });
  });

  it.each(NAMES)('%s reads nothing of what it leads to', async (call) => {
    const root = await linked();
    for (const said of [root, `${root}/`]) {
      const answer = await (calls[call] as (...args: unknown[]) => ReturnType<typeof runState.loadPlan>)(
        said,
        'run',
        call === 'loadJob' ? 'j' : { keepRuns: 0, job: 'j', step: 's', kind: 'guest', path: 'a', offset: 0 },
      );
      expect(answer._unsafeUnwrapErr()).toEqual(refused(root));
    }
    expect(await readdir(join(dirname(root), 'forged/runs'))).toEqual(['run']);
  });

  it('the events end with the fault', async () => {
    const root = await linked();
    const { signal } = new AbortController();
    const followed = runState.followEvents(root, 'run', { from: 0, signal });
    expect((await followed.next()).value).toMatchObject({ error: refused(root) });
    expect(await followed.next()).toEqual({ done: true, value: { reason: 'fault' } });
    const read = runState.readEvents(root, 'run', { from: 0, signal });
    expect((await read.next()).value).toMatchObject({ error: refused(root) });
    expect((await read.next()).done).toBe(true);
  });
});
