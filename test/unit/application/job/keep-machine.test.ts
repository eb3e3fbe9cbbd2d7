import { describe, expect, it } from 'vitest';
import { readLease } from '../../../../src/domain/machine/lease.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'x' };

describe('the machine of a job that failed', () => {
  it('is kept for as long as was asked, then a reaper takes it', async () => {
    const run = await memoryRun({ script: async () => 3 });
    const input = { job: JOB, workspace: WORKSPACE, runId: 'run', keepOnFailureSecs: 1800 };
    must(await must(await run.pikaci.runJob({ ...input, events: run.sink })).cleanUp);
    const [machine] = must(await run.host.incus.instances('default'));
    const lease = readLease(machine?.config ?? {});
    expect(lease).toMatchObject({ runId: 'run', jobId: 'job' });
    expect((lease?.expiresAtMs ?? 0) - run.host.clock.now()).toBeGreaterThan(1_799_000 - 5000);
    expect(run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))[0]).toMatch(
      /is kept until .* for "pikaci shell run job"/,
    );
    expect(must(await run.pikaci.reap()).alive).toHaveLength(1);
    await run.host.clock.advance(1_810_000);
    expect(must(await run.pikaci.reap()).deleted).toHaveLength(1);
  });

  it('is removed when nobody asked for it, and so is that of a job that passed', async () => {
    const failed = await memoryRun({ script: async () => 3 });
    must(await must(await failed.pikaci.runJob({ job: JOB, workspace: WORKSPACE })).cleanUp);
    expect(must(await failed.host.incus.instances('default'))).toEqual([]);
    const passed = await memoryRun();
    const run = must(await passed.pikaci.runJob({ job: JOB, workspace: WORKSPACE, keepOnFailureSecs: 1800 }));
    must(await run.cleanUp);
    expect(must(await passed.host.incus.instances('default'))).toEqual([]);
  });
});

describe('a shell', () => {
  const size = { columns: 80, rows: 24 };

  it('is refused where there is no record, no machine, or another job in it, each with a reason', async () => {
    const run = await memoryRun({ script: async () => 3 });
    const { pikaci, host } = run;
    expect((await pikaci.shell('run', '../x', size))._unsafeUnwrapErr().kind).toBe('invalid_job');
    expect((await pikaci.shell('run', 'job', size))._unsafeUnwrapErr().kind).toBe('no_such_job');
    const input = { job: JOB, workspace: WORKSPACE, runId: 'run', keepOnFailureSecs: 1800 };
    must(await must(await pikaci.runJob(input)).cleanUp);
    const [machine] = must(await host.incus.instances('default'));
    must(await host.incus.patchInstance('default', machine?.name ?? '', { 'user.pikaci.job': 'other' }));
    expect((await pikaci.shell('run', 'job', size))._unsafeUnwrapErr().message).toContain(
      'is not the machine of this job',
    );
    const stop = { action: 'stop', timeoutSecs: 0, force: true } as const;
    must(await host.incus.changeState('default', machine?.name ?? '', stop));
    must(await host.incus.deleteInstance('default', machine?.name ?? ''));
    expect((await pikaci.shell('run', 'job', size))._unsafeUnwrapErr()).toMatchObject({
      kind: 'guest',
      message: expect.stringMatching(/is gone; "pikaci run --keep-on-failure"/),
    });
  });
});
