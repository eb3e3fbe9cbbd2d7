import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { checkMachine } from '../../../../src/application/doctor/machine-check.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../memory-run.js';

/** The check of a machine in which this runs. */
async function checked(script: MemoryJobScript, signal = new AbortController().signal) {
  const { pikaci, host } = await memoryRun({ script });
  const { localFiles, clock } = host.adapters;
  const check = await checkMachine({
    open: (input) => pikaci.openMachine(input),
    localFiles,
    clock,
    stateRoot: '/state',
    signal,
  });
  const left = {
    instances: must(await host.incus.instances('default')),
    records: (await localFiles.list('/state/machines')).unwrapOr([]),
  };
  return { check, left };
}

const NOTHING = { instances: [], records: [] };

describe('the machine that the doctor tries', () => {
  it('is made, runs a command, and leaves nothing', async () => {
    const { check, left } = await checked(async () => 0);
    expect(check).toMatchObject({ name: 'machine', status: 'ok' });
    expect(left).toEqual(NOTHING);
  });

  it('names what its image lacks', async () => {
    const { check, left } = await checked(async ({ write }) => {
      write('tar\nxargs\n');
      return 0;
    });
    expect(check).toMatchObject({
      status: 'warning',
      detail: 'the image has no tar, xargs: artifacts or exported variables will be missing',
    });
    expect(left).toEqual(NOTHING);
  });

  it('says what its supervisor says when it cannot run anything', async () => {
    const { check, left } = await checked(async () => ({
      schema_version: 1,
      status: 'failed',
      exit_code: null,
      finished_at: '',
      cause: 'setup',
      message: 'the image has no find',
    }));
    expect(check).toMatchObject({ status: 'failed', detail: 'the image has no find' });
    expect(left).toEqual(NOTHING);
  });

  it('is removed when the check is interrupted', async () => {
    const stop = new AbortController();
    const { check, left } = await checked(async ({ cancelled }) => {
      stop.abort();
      await cancelled;
      return 143;
    }, stop.signal);
    expect(check).toMatchObject({ status: 'skipped' });
    expect(left).toEqual(NOTHING);
  });
});
