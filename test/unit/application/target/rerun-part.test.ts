import { describe, expect, it } from 'vitest';
import type { RerunOptions } from '../../../../src/application/target/target-run.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { TargetInMemory, WORKSPACE } from './target-in-memory.js';

const job = (id: string, dependsOn: string[] = [], more: object = {}) => ({
  id,
  command: `run ${id}`,
  dependsOn,
  ...more,
});

/** A target whose jobs fail while they are named, and what was run. */
async function site(target: TargetConfigInput, ...broken: string[]) {
  const fails = new Set(broken);
  const ran: string[] = [];
  const memory = await TargetInMemory.of(target, {
    script: async ({ request }) => {
      const id = request.command.replace('run ', '');
      ran.push(id);
      return fails.has(id) ? 1 : 0;
    },
  });
  const first = await memory.run();
  const again = async (runId: string, options: RerunOptions, of = 'run') => {
    ran.length = 0;
    const run = await memory.pikaci.rerun(of, { runId, ...options });
    if (run.isErr()) return run.error;
    await run.value.cleanUp;
    return run.value.record;
  };
  return { memory, first, fails, ran, again };
}

describe('a part of a run that is run again', () => {
  it('is what has not passed and what comes after it; what passed is taken over, with where its logs are', async () => {
    const jobs = [
      job('build'),
      job('lint'),
      job('test', ['build']),
      job('ship', ['test', 'lint']),
      job('tell', [], { when: 'on_failure' }),
      job('tidy', ['test'], { when: 'always' }),
    ];
    const { memory, fails, ran, again } = await site({ jobs }, 'test');
    expect(ran.sort()).toEqual(['build', 'lint', 'tell', 'test', 'tidy']);
    fails.clear();
    const record = await again('second', { only: { failed: true } });
    expect(ran.sort()).toEqual(['ship', 'test', 'tidy']);
    expect(record).toMatchObject({ status: 'passed', rerun_of: 'run', attempt: 2 });
    const { jobs: recorded } = await memory.record('second');
    expect(recorded.map((one) => [one.id, one.status, one.taken_over_from ?? null])).toEqual([
      ['build', 'passed', 'run'],
      ['lint', 'passed', 'run'],
      ['test', 'passed', null],
      ['ship', 'passed', null],
      ['tidy', 'passed', null],
      ['tell', 'skipped', null],
    ]);
    expect(recorded[0]?.guest_log_path).toBe('/state/runs/run/jobs/build/guest.log');
    // What is taken over from a run that has taken it over is from the one that ran it.
    const third = await again('third', { only: { jobs: ['ship'] } }, 'second');
    expect(ran).toEqual(['ship']);
    expect(third).toMatchObject({ status: 'passed', rerun_of: 'second', attempt: 3 });
    expect((await memory.record('third')).jobs.map((one) => one.taken_over_from ?? null)).toEqual([
      ...['run', 'run', 'second', null, 'second', null],
    ]);
  });

  it('is a job with what comes after it and what it needs; a failure that is taken over is none that is gone', async () => {
    const jobs = [
      job('a'),
      job('b', ['a']),
      job('c', ['b']),
      job('other'),
      job('m', [], { matrix: { n: [1, 2] } }),
    ];
    const { memory, fails, ran, again } = await site({ jobs }, 'a', 'other');
    fails.delete('a');
    const record = await again('second', { only: { jobs: ['b'] } });
    expect(ran).toEqual(['a', 'b', 'c']);
    expect(record).toMatchObject({ status: 'failed', message: 'other failed' });
    const warnings = (await memory.text('second/events.jsonl'))
      .split('\n')
      .filter((line) => line.includes('run_warning'));
    expect(warnings.join()).toContain('what is not run again is taken over from run');
    await again('third', { only: { jobs: ['m'] } });
    expect([...ran].sort()).toEqual(['m', 'm']);
    expect(await again('x', { only: { jobs: ['nobody'] } })).toMatchObject({
      kind: 'invalid_plan',
      field: 'job',
      message: expect.stringContaining('it has no job nobody; it has a, b, c, other, m-1, m-2'),
    });
    expect(await again('no-such', { only: { failed: true } }, 'nothing')).toMatchObject({
      kind: 'no_such_job',
    });
  });

  it('has what is prepared for it, and takes over the rest of what was prepared', async () => {
    const path = (id: string) => ({ id, type: 'path' as const, path: `/opt/${id}`, gcRoot: false });
    const memory = await TargetInMemory.of(
      { prepare: [path('sdk'), path('docs')], jobs: [job('a', ['sdk']), job('b', ['docs'])] },
      { script: async ({ request }) => (request.command === 'run a' && !passes ? 1 : 0) },
    );
    let passes = false;
    for (const id of ['sdk', 'docs']) await memory.writeOutput(`/opt/${id}`, `/opt/${id}`);
    expect((await memory.run()).record.status).toBe('failed');
    passes = true;
    const again = (
      await memory.pikaci.rerun('run', { runId: 'second', only: { failed: true } })
    )._unsafeUnwrap();
    await again.cleanUp;
    expect(again.record.status).toBe('passed');
    const timings = (await memory.record('second')).prepare_timings;
    expect(timings.map(({ node_id, taken_over_from: from }) => [node_id, from])).toEqual([
      ['docs', 'run'],
      ['sdk', undefined],
    ]);
  });

  it('is refused when all has passed, and when the workspace is another one', async () => {
    const passed = await site({ jobs: [job('a')] });
    expect(await passed.again('x', { only: { failed: true } })).toMatchObject({
      kind: 'invalid_plan',
      message: 'run: all of it has passed: without --failed it is run again',
    });
    const changed = await site({ jobs: [job('a'), job('b')] }, 'b');
    await changed.memory.host.setWorkspace(WORKSPACE, { 'src/main.rs': { content: 'another\n' } });
    expect(await changed.again('x', { only: { failed: true } })).toMatchObject({
      kind: 'invalid_plan',
      field: 'workspace',
      message: expect.stringContaining('"pikaci rerun run" runs all of it'),
    });
    expect(await changed.again('y', {})).toMatchObject({ status: 'failed' });
  });

  it('is refused while the run goes on', async () => {
    let end = () => {};
    const goes = new Promise<void>((resolve) => {
      end = resolve;
    });
    let begin = () => {};
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const memory = await TargetInMemory.of(
      { jobs: [job('a')] },
      {
        script: async () => {
          begin();
          await goes;
          return 0;
        },
      },
    );
    const run = memory.run();
    await began;
    const refused = await memory.pikaci.rerun('run', { only: { failed: true } });
    expect(refused._unsafeUnwrapErr()).toMatchObject({
      kind: 'invalid_plan',
      message: expect.stringContaining('it still runs'),
    });
    end();
    await run;
  });
});
