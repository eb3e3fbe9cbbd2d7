import { describe, expect, it } from 'vitest';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make' } as const;

/** A job that passes, and whose connection is lost for this many calls once its clean-up has begun. */
async function lostInCleanUp(calls: number) {
  const run = await memoryRun();
  const { faults } = run.host.incus;
  const began = run.host.clock.monotonic();
  const emit = (event: (typeof run.events)[number]) => {
    run.events.push(event);
    if (event.type !== 'phase_started' || event.phase !== 'clean_up') return;
    for (let i = 0; i < calls; i++)
      for (const call of ['changeState', 'deleteInstance'] as const) faults.failNext(call, 'connection_lost');
  };
  const input = { job: JOB, workspace: WORKSPACE, runId: 'run', events: { emit } } as const;
  const { outcome, cleanUp } = must(await run.pikaci.runJob(input));
  expect(outcome.status).toBe('passed');
  const cleaned = await cleanUp;
  return { run, cleaned, tookMs: run.host.clock.monotonic() - began };
}

describe('the removal of a machine', () => {
  it('waits for a connection that is lost for a while, as following does', async () => {
    const { run, cleaned } = await lostInCleanUp(20);
    must(cleaned);
    expect(run.host.incus.allInstances).toEqual([]);
    expect(run.events.at(-1)).toMatchObject({ type: 'cleaned_up', ok: true });
  });

  it('gives up in the end, and says so', async () => {
    const { run, cleaned, tookMs } = await lostInCleanUp(1000);
    mustFail(cleaned, 'incus');
    expect(run.events.at(-1)).toMatchObject({ type: 'cleaned_up', ok: false });
    expect(tookMs).toBeGreaterThan(20_000);
    expect(tookMs).toBeLessThan(90_000);
  });

  it('is not tried again when the daemon says no', async () => {
    const run = await memoryRun();
    run.host.incus.faults.failNext('changeState', 'permission_denied');
    const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;
    const { cleanUp } = must(await run.pikaci.runJob(input));
    mustFail(await cleanUp, 'incus');
    expect(run.host.incus.allInstances).toHaveLength(1);
  });
});
