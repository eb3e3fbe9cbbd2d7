import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { Pikaci } from '../../../../src/application/api/pikaci.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { readAsked, readQueuePlace } from '../../../../src/domain/machine/host-share.js';
import { hostsDocumentSchema } from '../../../../src/domain/records/host-documents.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const HOST = { cpu: 4, memoryBytes: 1024 ** 3 };

async function smallHost() {
  const run = await memoryRun();
  run.host.incus.world.resources = HOST;
  return run;
}

const cores = (cpu: number): Partial<JobSpecInput> => ({ requests: { cpu } });
const runIds = (function* ids() {
  for (let n = 1; ; n++) yield `run-${n}`;
})();

/** Runs a job of another run; `queued` is told when it waits. */
function begin(
  run: MemoryRun,
  pikaci: Pikaci,
  more: Partial<JobSpecInput>,
  queued: () => void = () => undefined,
) {
  const events = {
    emit: (event: (typeof run.events)[number]) => {
      run.events.push(event);
      if (event.type === 'phase_started' && event.phase === 'queued') queued();
    },
  };
  const job = { id: 'job', command: 'true', ...more };
  return pikaci.runJob({ job, workspace: WORKSPACE, runId: runIds.next().value, events });
}

/** Resolves when it waits; `ended` when it has ended. */
function beginAndWait(run: MemoryRun, pikaci: Pikaci, more: Partial<JobSpecInput>) {
  let ended: ReturnType<Pikaci['runJob']> | null = null;
  const waits = new Promise<void>((resolve) => {
    ended = begin(run, pikaci, more, resolve);
  });
  return waits.then(() => ({ ended: ended as unknown as ReturnType<Pikaci['runJob']> }));
}

const warnings = ({ events }: MemoryRun) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
const made = ({ events }: MemoryRun) =>
  events.flatMap((event) => (event.type === 'instance_created' ? [event.job_id] : []));

describe('a host that has no more than it has', () => {
  it('is waited for as phase "queued", with the place and the reason, over all runners; what fits goes on', async () => {
    const run = await smallHost();
    const [one, two] = [run.another(), run.another({ stateRoot: '/other' })];
    const first = must(await one.openMachine({ id: 'first', requests: { cpu: 3 } }));
    const second = await beginAndWait(run, one, { id: 'second', ...cores(2) });
    expect(warnings(run)).toEqual([
      'there is no room for the machine, which waits up to 1800 s: the queue of the host: place 1: it asks for 2 cores; of 4 cores and 1024 MiB 1 machine has 3 cores',
    ]);
    const third = await beginAndWait(run, two, { id: 'third', ...cores(1) });
    expect(warnings(run)[1]).toContain('the queue of the host: place 2: it asks for 1 core');
    expect(warnings(run)[1]).toContain('and 1 before it waits');
    // Who asks for nothing does not wait.
    expect(must(await begin(run, two, { id: 'free' })).outcome.status).toBe('passed');
    await first.release();
    const outcomes = [must(await second.ended), must(await third.ended)].map(({ outcome }) => outcome);
    expect(outcomes.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(outcomes[0]?.phases.map(({ phase }) => phase)).toContain('queued');
    // Both fit by then.
    expect(made(run).sort()).toEqual(['free', 'second', 'third']);
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('shows those who look what runs there and what waits, with its place and the reason, whoever it is of', async () => {
    const run = await smallHost();
    const one = run.another();
    const first = must(await one.openMachine({ id: 'first', requests: { cpu: 3 } }));
    const low = await beginAndWait(run, one, { id: 'low', ...cores(2), priority: -1 });
    const high = await beginAndWait(run, run.another({ stateRoot: '/third' }), {
      id: 'high',
      ...cores(2),
      priority: 7,
    });
    const { hosts } = hostsDocumentSchema.parse(await run.another({ stateRoot: '/other' }).lookAtHosts());
    expect(hosts).toMatchObject([
      {
        state: 'online',
        problems: [],
        has: { cpu: 4, memory_bytes: 1024 ** 3 },
        asked: { cpu: 3 },
        machines: [{ state: 'running', asks: { cpu: 3, memory_bytes: 0 } }],
        queue: [
          {
            job_id: 'high',
            place: 1,
            priority: 7,
            reason: expect.stringMatching(/^it asks for 2 cores; of 4 cores/),
          },
          { job_id: 'low', place: 2, priority: -1, reason: expect.stringContaining('and 1 before it waits') },
        ],
        templates: [],
        left_out: 0,
      },
    ]);
    await first.release();
    for (const { ended } of [low, high]) expect(must(await ended).outcome.status).toBe('passed');
  });

  it('is told as one that does not answer, when it is silent or says no', async () => {
    const run = await smallHost();
    const pikaci = run.another();
    const { incus } = run.host;
    const server = incus.server.bind(incus);
    Object.assign(incus, { server: () => new Promise(() => undefined) });
    const asked = new AbortController();
    const looking = pikaci.lookAtHosts({ signal: asked.signal });
    asked.abort();
    expect((await looking).hosts).toMatchObject([
      { state: 'unreachable', problems: ['it has not answered in time'], has: null, machines: [] },
    ]);
    const no = { kind: 'request_failed', host: 'memory', tried: 'GET', status: 500, message: 'no' };
    Object.assign(incus, { server, resources: async () => err(no) });
    expect((await pikaci.lookAtHosts()).hosts).toMatchObject([
      { state: 'online', problems: ['what it has: no'], has: null, caches: [] },
    ]);
  });

  it('never has more machines than fit, however many runners take what is free at one moment', async () => {
    const run = await smallHost();
    const { incus } = run.host;
    const running = () =>
      incus.allInstances.map((instance) => instance.view()).filter(({ status }) => status === 'Running');
    let most = 0;
    const change = incus.changeState.bind(incus);
    Object.assign(incus, {
      changeState: async (...args: Parameters<typeof change>) => {
        const changed = await change(...args);
        const taken = running().reduce((sum, { config }) => sum + readAsked(config, HOST).cpu, 0);
        most = Math.max(most, taken);
        return changed;
      },
    });
    const runners = Array.from({ length: 6 }, (_, index) => run.another({ stateRoot: `/state-${index}` }));
    const jobs = Array.from({ length: 24 }, (_, index) =>
      begin(run, runners[index % 6] as Pikaci, {
        id: `j${index}`,
        requests: { cpu: [0.5, 1, 1.5, 3][index % 4] },
      }),
    );
    const ended = (await Promise.all(jobs)).map((ran) => must(ran));
    for (const { cleanUp } of ended) must(await cleanUp);
    expect(new Set(ended.map(({ outcome }) => outcome.status))).toEqual(new Set(['passed']));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(4);
    expect(incus.allInstances).toEqual([]);
  });

  it('lets a higher priority go first, of one runner and of several', async () => {
    const run = await smallHost();
    const other = run.another({ stateRoot: '/other' });
    const all = must(await run.pikaci.openMachine({ id: 'all', requests: { cpu: 4 } }));
    const asks = cores(4);
    const low = await beginAndWait(run, run.pikaci, { id: 'low', ...asks });
    const same = await beginAndWait(run, run.pikaci, { id: 'same-runner', priority: 1, ...asks });
    const high = await beginAndWait(run, other, { id: 'other-runner', priority: 2, ...asks });
    await all.release();
    for (const { ended } of [low, same, high]) expect(must(await ended).outcome.status).toBe('passed');
    expect(made(run)).toEqual(['other-runner', 'same-runner', 'low']);
  });

  it('is not waited for by what will never fit, or on account of a machine whose lease has ended', async () => {
    const run = await smallHost();
    const fault = mustFail(await begin(run, run.pikaci, cores(5)), 'incus');
    expect(fault.message).toContain('the machine asks for 5 cores, and the host has 4 cores');
    const memory = mustFail(await begin(run, run.pikaci, { requests: { memory: '2GiB' } }), 'incus');
    expect(memory.message).toContain('asks for 2048 MiB');
    must(await run.pikaci.openMachine({ id: 'dead', requests: { cpu: 4 } }));
    const [dead] = run.host.incus.allInstances;
    const ended = { 'user.pikaci.lease_expires_at_ms': '1000' };
    must(await run.host.incus.patchInstance('default', dead?.view().name ?? '', ended));
    expect(
      must(await begin(run, run.another(), cores(4))).outcome.phases.map(({ phase }) => phase),
    ).not.toContain('queued');
  });

  it('is given up when the job is cancelled, or after the bound: its place is gone then', async () => {
    const run = await smallHost();
    must(await run.pikaci.openMachine({ id: 'all', requests: { cpu: 4 } }));
    const places = () =>
      run.host.incus.allInstances.filter((instance) => readQueuePlace(instance.view().config) !== null);
    const stop = new AbortController();
    let seen = 0;
    const events = {
      emit: (event: { type: string; phase?: string }) => {
        if (event.type !== 'phase_started' || event.phase !== 'queued') return;
        seen = places().length;
        stop.abort();
      },
    };
    const input = { workspace: WORKSPACE, runId: 'given-up', events, signal: stop.signal };
    mustFail(
      await run.pikaci.runJob({ ...input, job: { id: 'job', command: 'true', ...cores(1) } }),
      'cancelled',
    );
    expect(seen).toBe(1);
    expect(places()).toEqual([]);
    const hasty = run.another({ incus: { quotaWaitSecs: 40 } });
    const fault = mustFail(await begin(run, hasty, cores(1)), 'incus');
    expect(fault).toMatchObject({ phase: 'queued', message: expect.stringContaining('waited for 40 s') });
    expect(places()).toEqual([]);
  });

  it('is waited for by none that asks for nothing of what others have too much of, or behind one that never fits', async () => {
    const run = await smallHost();
    const limited = must(await run.pikaci.openMachine({ id: 'limited', limits: { cpu: 8 } }));
    const phases = async (more: Partial<JobSpecInput>) =>
      must(await begin(run, run.another({ incus: { quotaWaitSecs: 5 } }), more)).outcome.phases.map(
        ({ phase }) => phase,
      );
    expect(await phases({ requests: { memory: '1MiB' } })).not.toContain('queued');
    expect(await phases({ requests: {} })).not.toContain('queued');
    const more = run.another({ stateRoot: '/other', incus: { capacity: { cpu: 16, memory: '4GiB' } } });
    const large = await beginAndWait(run, more, { id: 'large', requests: { cpu: 12, memory: '2GiB' } });
    expect(await phases({ requests: { memory: '1MiB' } })).not.toContain('queued');
    await limited.release();
    must(await large.ended);
  });

  it('keeps a place for no longer than a minute and a half without its runner, however long leases are', async () => {
    const run = await smallHost();
    const all = must(await run.pikaci.openMachine({ id: 'all', requests: { cpu: 4 } }));
    const waits = await beginAndWait(run, run.another({ leaseSecs: 900 }), cores(1));
    const [place] = run.host.incus.allInstances.flatMap((instance) => {
      const { config } = instance.view();
      return readQueuePlace(config) === null ? [] : [Number(config['user.pikaci.lease_expires_at_ms'])];
    });
    const leftMs = (place ?? 0) - run.host.clock.now();
    expect(leftMs).toBeGreaterThan(60_000);
    expect(leftMs).toBeLessThanOrEqual(90_000);
    await all.release();
    must(await waits.ended);
  });

  it('counts limits for those that wait, and lets those wait that have limits where "incus.capacity" is set', async () => {
    const run = await smallHost();
    must(await run.pikaci.openMachine({ id: 'limited', limits: { cpu: 4 } }));
    // Two of limits alone go on, as they did before there was a queue.
    const limited = { limits: { cpu: 2 } };
    const phases = async (pikaci: Pikaci, more: Partial<JobSpecInput>) =>
      must(await begin(run, pikaci, more)).outcome.phases.map(({ phase }) => phase);
    expect(await phases(run.pikaci, limited)).not.toContain('queued');
    const capable = run.another({ incus: { capacity: { cpu: 6 }, quotaWaitSecs: 5 } });
    expect(await phases(capable, limited)).not.toContain('queued');
    expect(mustFail(await begin(run, capable, { limits: { cpu: 3 } }), 'incus').phase).toBe('queued');
    expect(
      mustFail(
        await begin(run, run.another({ incus: { quotaWaitSecs: 5 } }), { ...limited, requests: {} }),
        'incus',
      ).phase,
    ).toBe('queued');
  });
});
