import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { quotaFault } from '../../../../src/application/machine/incus/project-quota.js';
import { launchInTurn } from '../../../../src/application/machine/launch-in-turn.js';
import { RoomLine } from '../../../../src/application/machine/room-line.js';
import type { IncusConfig, IncusCreateInstance } from '../../../../src/ports/incus-types.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const input = { job: { id: 'job', command: 'true' }, workspace: WORKSPACE, runId: 'run' } as const;

function limit({ host }: MemoryRun, config: Readonly<Record<string, string | undefined>>) {
  const project = host.incus.world.projects.get('default');
  if (project !== undefined) project.config = JSON.parse(JSON.stringify(config)) as IncusConfig;
}

/** A host whose project has room for one machine, which somebody has; and what waits for that to go. */
async function fullHost(quotaWaitSecs?: number) {
  const run = await memoryRun();
  limit(run, { 'limits.instances': '1' });
  const other = must(await run.pikaci.openMachine({ id: 'other' }));
  const pikaci = quotaWaitSecs === undefined ? run.pikaci : run.another({ incus: { quotaWaitSecs } });
  return { run, other, pikaci };
}

describe('a project without room for a machine', () => {
  it('is waited for as phase "queued", and the job runs when another machine has gone', async () => {
    const { run, other, pikaci } = await fullHost();
    const events = {
      emit: (event: (typeof run.events)[number]) => {
        run.events.push(event);
        if (event.type === 'phase_started' && event.phase === 'queued') void other.release();
      },
    };
    const { outcome } = must(await pikaci.runJob({ ...input, events }));
    expect(outcome.status).toBe('passed');
    const phases = outcome.phases.map(({ phase, ok }) => [phase, ok]);
    const from = phases.findIndex(([phase]) => phase === 'launch_guest');
    expect(phases.slice(from, from + 3)).toEqual([
      ['launch_guest', true],
      ['queued', true],
      ['launch_guest', true],
    ]);
    const warnings = run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([
      expect.stringMatching(
        /no room for the machine, which waits up to 1800 s: .*Reached maximum number of instances/,
      ),
    ]);
  });

  it('has a line: who came first is first, and as many try as machines have gone', async () => {
    const run = await memoryRun();
    limit(run, { 'limits.instances': '3' });
    const { incus } = run.host;
    const create = incus.createInstance.bind(incus);
    let refused = 0;
    Object.assign(incus, {
      createInstance: async (...args: Parameters<typeof create>) => {
        const made = await create(...args);
        if (made.isErr()) refused += 1;
        return made;
      },
    });
    const failures: string[] = [];
    const made: string[] = [];
    const events = {
      emit: (event: (typeof run.events)[number]) => {
        if (event.type === 'phase_finished' && !event.ok) failures.push(`${event.job_id} ${event.phase}`);
        if (event.type === 'instance_created') made.push(event.job_id);
      },
    };
    const ids = Array.from({ length: 20 }, (_, index) => `j${String(index).padStart(2, '0')}`);
    const outcomes = await Promise.all(
      ids.map(async (id) => {
        const ran = must(await run.pikaci.runJob({ ...input, job: { ...input.job, id }, events }));
        return ran.outcome.status;
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set(['passed']));
    expect(failures).toEqual([]);
    // Those that are made at once before anybody knows of the limit, and now and then one that came too early.
    expect(refused).toBeLessThan(12);
    expect(made.slice(8)).toEqual([...made.slice(8)].sort());
  });

  it('fails at once what will never fit, also behind others that wait', async () => {
    const { run, other } = await fullHost();
    limit(run, { 'limits.instances': '1', 'limits.memory': '1GiB' });
    let behind: Promise<unknown> | null = null;
    const events = {
      emit: (event: (typeof run.events)[number]) => {
        if (event.type !== 'phase_started' || event.phase !== 'queued' || behind !== null) return;
        const job = { ...input.job, id: 'large', limits: { memory: '2GiB' } };
        behind = run.pikaci.runJob({ ...input, job }).then(async (large) => {
          expect(mustFail(large, 'incus')).toMatchObject({ phase: 'launch_guest' });
          await other.release();
        });
      },
    };
    expect(must(await run.pikaci.runJob({ ...input, events })).outcome.status).toBe('passed');
    await behind;
  });

  it.each([0, 40])('is a fault after the bound (%i s), which says what to do', async (quotaWaitSecs) => {
    const { pikaci, run } = await fullHost(quotaWaitSecs);
    const fault = mustFail(await pikaci.runJob(input), 'incus');
    expect(fault).toMatchObject({ phase: 'queued', cause: { kind: 'quota_reached' } });
    expect(fault.message).toMatch(/waited for.*\(incus\.quotaWaitSecs\): raise the project's limit/);
    expect(must(await run.host.incus.instances('default'))).toHaveLength(1);
  });

  it('can be given up', async () => {
    const { pikaci } = await fullHost();
    const stop = new AbortController();
    const events = {
      emit: (event: { type: string; phase?: string }) =>
        event.type === 'phase_started' && event.phase === 'queued' && stop.abort(),
    };
    mustFail(await pikaci.runJob({ ...input, signal: stop.signal, events }), 'cancelled');
  });

  it.each([
    [{ 'limits.memory': '1GiB' }, { memory: '2GiB' }, /this machine alone asks for 2GiB/],
    [{ 'limits.instances': '0' }, {}, /limits\.instances of the project is 0/],
  ])('that never will have it (%j) is no reason to wait', async (config, limits, message) => {
    const run = await memoryRun();
    limit(run, config);
    const fault = mustFail(await run.pikaci.runJob({ ...input, job: { ...input.job, limits } }), 'incus');
    expect(fault).toMatchObject({ phase: 'launch_guest', message: expect.stringMatching(message) });
  });

  it('is compared with the root disk of the machine, whatever that is called', async () => {
    const message =
      'Failed checking if instance creation allowed: Reached maximum aggregate value "1GiB" for "limits.disk" in project "p"';
    const fault = { kind: 'quota_reached', host: 'h', tried: 'POST', status: 500, message } as const;
    const instance = {
      name: 'i',
      type: 'container',
      source: { type: 'image', fingerprint: 'f' },
      config: {},
      profiles: [],
      devices: {
        data: { type: 'disk', path: '/data', size: '1MiB' },
        disk0: { type: 'disk', path: '/', size: '2GiB' },
      },
    } as unknown as IncusCreateInstance;
    const { host } = await memoryRun();
    const ask = quotaFault(host.incus, { project: 'default', instance }, fault, new AbortController().signal);
    expect(await ask).toMatchObject({
      kind: 'invalid_request',
      message: expect.stringContaining('this machine alone asks for 2GiB'),
    });
  });
});

it('a machine that came and went between two looks has made room as well', async () => {
  const clock = new MemoryClock(undefined, { skipUpToMs: 5000 });
  const seen = [['other'], []];
  const names = async () => ok(seen.shift() ?? []);
  const line = new RoomLine({ clock, backends: { names } });
  const signal = new AbortController().signal;
  const refused = { kind: 'incus', phase: 'launch_guest', host: 'h', message: 'no room' } as const;
  const wait = () => ({ number: line.arrive(), priority: 0, untilMs: 1e9, waitMs: 1e9, refused });
  const first = line.turn(wait(), signal);
  const second = line.turn(wait(), signal);
  expect(must(await first)).toBe('known');
  line.tried('known', { made: 'short' });
  expect(must(await second)).toBe('known');
  expect(clock.monotonic()).toBeLessThan(10_000);
});

it('how long is waited is told in whole seconds, whatever was waited before', async () => {
  const clock = new MemoryClock(undefined, { skipUpToMs: 5000 });
  const line = new RoomLine({ clock, backends: { names: async () => ok([]) } });
  const refused = {
    kind: 'incus',
    phase: 'launch_guest',
    host: 'h',
    message: 'no room',
    cause: { kind: 'quota_reached', host: 'h', tried: 'create', status: 400, message: 'no room' },
  } as const;
  const told: (string | null)[] = [];
  const fault = mustFail(
    await launchInTurn<{ machine: { name: string } }>(
      {
        ...{ clock, line, priority: 0, waitMs: 1999.960341, signal: new AbortController().signal },
        neverFits: async () => false,
        queued: (why, wait) => {
          told.push(why);
          return wait();
        },
      },
      async () => err(refused),
    ),
    'incus',
  );
  expect(told).toEqual(['there is no room for the machine, which waits up to 2 s: no room']);
  expect(fault.message).toContain('waited for 2 s');
});
