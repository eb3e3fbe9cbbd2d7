import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { askPlacement, DEFAULT_PLACEMENT } from '../../../../src/application/cluster/ask-placement.js';
import type { LookedAtMember } from '../../../../src/application/cluster/look-at-members.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import { PlacedJobs, type PlacedJobsParts } from '../../../../src/application/job/placed-jobs.js';
import { RunAttempts } from '../../../../src/application/job/run-attempts.js';
import type { RunJobCall } from '../../../../src/application/job/run-job-call.js';
import { jobStateLayout } from '../../../../src/domain/records/run-layout.js';
import type { Placement, PlacementRequest } from '../../../../src/ports/placement.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { jobRecord } from '../../../support/job-record.js';

const GIB = 1024 ** 3;
const member = (name: string, parts: Partial<LookedAtMember> = {}): LookedAtMember => ({
  name,
  url: `https://${name}:8443`,
  status: 'Online',
  architecture: 'x86_64',
  groups: [],
  scheduler: undefined,
  has: { cpu: 2, memoryBytes: 8 * GIB },
  taken: { cpu: 0, memoryBytes: 0 },
  freeMemoryBytes: 8 * GIB,
  templates: [],
  waiting: [],
  machines: new Map(),
  ...parts,
});

const unreachable: JobFault = { kind: 'host', phase: null, host: 'm2', message: 'no route' };

const portsWith = (clock: MemoryClock, localFiles = new MemoryFileStore()): PlacedJobsParts['ports'] => ({
  clock,
  localFiles,
  shell: { host: 'h' } as never,
});

/** Jobs that go on until they are let go; where each was begun is noted. */
function cluster(parts: Partial<PlacedJobsParts> = {}) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const jobs = (at: string) => ({
    run: (call: RunJobCall) => {
      begun.push(call.placed === undefined ? at : `${at}: ${call.placed.member}, ${call.placed.reason}`);
      return new Promise<never>((resolve) =>
        ends.push(() => resolve(err({ ...unreachable, kind: 'cancelled' }) as never)),
      );
    },
  });
  const placed = new PlacedJobs({
    here: jobs('here'),
    ports: portsWith(new MemoryClock(0, { skipUpToMs: 5_000 })),
    settings: { stateRoot: '/state' },
    placement: DEFAULT_PLACEMENT,
    queue: { incusCapacity: null, quotaWaitMs: 1_800_000, trust: 'trusted' },
    members: null,
    group: null,
    look: async () => ok({ own: 'm1', members: [member('m1'), member('m2')] }),
    on: async ({ name }) => ok(jobs(name)),
    ...parts,
  });
  const run = (more: Partial<RunJobCall> = {}) =>
    placed.run({ job: { id: 'j', command: 'true' }, runId: 'r', workspace: '/w', ...more } as RunJobCall);
  return { begun, ends, run };
}

describe('PlacedJobs', () => {
  it('leaves a job that asks for more than is free in the line, with one that waits on each member, until a member has room', async () => {
    const [one, two] = [member('m1'), member('m2')];
    const full = { taken: { cpu: 2, memoryBytes: 0 } };
    let members = [member('m1', full), member('m2', full)];
    const told: string[] = [];
    const clock = new MemoryClock(0);
    const { begun, ends, run } = cluster({
      ports: portsWith(clock),
      look: async () => ok({ own: 'm1', members }),
    });
    const events = {
      emit: (event: { type: string; message?: unknown }) =>
        void told.push(`${event.type} ${event.message ?? ''}`),
    };
    const job = (id: string) => ({ id, command: 'true', requests: { cpu: 1 } });
    const all = ['a', 'b', 'c', 'd'].map((id) => run({ job: job(id), runId: 'r', events }));
    await expect.poll(() => begun.length).toBe(2);
    await clock.asleepFor(1000);
    // The third looks, the fourth waits for it.
    expect(begun.map((text) => text.split(':')[0]).sort()).toEqual(['here', 'm2']);
    expect(told.filter((text) => text.startsWith('phase_started')).length).toBe(1);
    expect(told.join()).toContain('place 1: none of 2 members has room');
    const has = (id: string) => new Map([[JSON.stringify(['r', id]), 'has' as const]]);
    members = [
      { ...one, taken: { cpu: 1, memoryBytes: 0 }, machines: has('a') },
      { ...two, ...full, machines: has('b') },
    ];
    await clock.advance(1000);
    await expect.poll(() => begun.length).toBe(4);
    expect(begun[2]).toBe('here: m1, 1 of 2 cores are free');
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('takes no member for a job that asks for more than it has, and says so', async () => {
    const large = member('m2', { has: { cpu: 4, memoryBytes: 8 * GIB }, taken: { cpu: 4, memoryBytes: 0 } });
    const { begun, ends, run } = cluster({
      look: async () => ok({ own: 'm1', members: [member('m1'), large] }),
    });
    const job = { id: 'j', command: 'true', requests: { cpu: 3 } };
    const running = run({ job });
    await expect.poll(() => begun.length).toBe(1);
    expect(begun[0]).toMatch(
      /^m2: m2, no member has room.*not on m1: the job asks for more than the 2 cores/,
    );
    ends[0]?.();
    await running;
  });

  it('spreads jobs that come at once, before any machine is in a list', async () => {
    const { begun, ends, run } = cluster();
    const all = [run(), run()];
    await expect.poll(() => begun.length).toBe(2);
    expect([...begun].sort()).toEqual(['here: m1, 2 of 2 cores are free', 'm2: m2, 2 of 2 cores are free']);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('leaves a daemon in no cluster alone', async () => {
    const { begun, ends, run } = cluster({ look: async () => ok(null) });
    const running = run();
    await expect.poll(() => begun).toEqual(['here']);
    ends[0]?.();
    await running;
  });

  it('goes to the next member when one cannot be reached, and says so in the reason', async () => {
    const busy = member('m1', { taken: { cpu: 2, memoryBytes: 0 } });
    const { begun, ends, run } = cluster({
      look: async () => ok({ own: 'm1', members: [busy, member('m2')] }),
      on: async () => err(unreachable),
    });
    const running = run();
    await expect.poll(() => begun.length).toBe(1);
    expect(begun[0]).toMatch(/^here: m1, no member has room.*; not on m2: no route$/);
    ends[0]?.();
    await running;
  });

  it('keeps a job with prepared outputs on the host, and refuses where no member can have it', async () => {
    const preparedOutputs = [{ name: 'o', path: '/o' }];
    const { begun, ends, run } = cluster();
    const running = run({ job: { id: 'j', command: 'true', preparedOutputs } });
    await expect.poll(() => begun).toEqual(['here: m1, its prepared outputs are on the host']);
    ends[0]?.();
    await running;
    const alone = cluster({
      look: async () => ok({ own: 'm1', members: [member('m1', { status: 'Evacuated' }), member('m2')] }),
    });
    const outputs = { bound: null, bring: async () => ok(undefined) };
    const moved = alone.run({ job: { id: 'j', command: 'true', preparedOutputs }, outputs });
    await expect.poll(() => alone.begun.length).toBe(1);
    expect(alone.begun[0]).toMatch(/^m2: m2, /);
    alone.ends[0]?.();
    await moved;
    const gone = [member('m1', { status: 'Offline' }), member('m2', { status: 'Evacuated' })];
    const { run: refused } = cluster({ look: async () => ok({ own: 'm1', members: gone }) });
    expect(mustFail(await refused(), 'host').message).toBe(
      'no member of the cluster can run the job: m1: offline; m2: evacuated',
    );
  });

  it('places a job that gets artifacts of others as any other: they go where it runs', async () => {
    const { begun, ends, run } = cluster({
      look: async () => ok({ own: 'm1', members: [member('m1', { status: 'Evacuated' }), member('m2')] }),
    });
    const running = run({ artifactsFrom: async () => ok([]) });
    await expect.poll(() => begun).toEqual(['m2: m2, 2 of 2 cores are free; not on m1: evacuated']);
    ends[0]?.();
    await running;
  });

  it('waits for a member that is called offline for a moment, and for none that the job may not run on', async () => {
    let looks = 0;
    const statuses = (name: string) => member(name, { status: looks < 4 ? 'Offline' : 'Online' });
    const { begun, ends, run } = cluster({
      look: async () => {
        looks += 1;
        return ok({ own: 'm1', members: [statuses('m1'), statuses('m2')] });
      },
    });
    const running = run();
    await expect.poll(() => begun.length).toBe(1);
    expect(looks).toBe(4);
    ends[0]?.();
    await running;
    looks = -100;
    const { run: refused } = cluster({
      members: ['m3'],
      look: async () => {
        looks += 1;
        return ok({ own: 'm1', members: [statuses('m1'), member('m3', { status: 'Evacuated' })] });
      },
    });
    expect(mustFail(await refused(), 'host').message).toMatch(/: m1: offline; m3: evacuated$/);
    expect(looks).toBe(-99);
  });

  it('ends as cancelled when it is cancelled while all members are silent', async () => {
    const stop = new AbortController();
    const { run } = cluster({
      ports: portsWith(new MemoryClock(0)),
      look: async () => {
        stop.abort();
        return ok({ own: 'm1', members: [member('m1', { status: 'Unreachable' })] });
      },
    });
    mustFail(await run({ signal: stop.signal }), 'cancelled');
  });

  it('gives what is no job to the host, which says what is wrong', async () => {
    const { begun, ends, run } = cluster();
    const running = run({ job: undefined as never });
    await expect.poll(() => begun).toEqual(['here']);
    ends[0]?.();
    await running;
  });

  it('knows what is on a member already: templates and machines that wait from the list, the rest from jobs before', async () => {
    const asked: PlacementRequest[] = [];
    const placement: Placement = {
      rank: (request) => {
        asked.push(request);
        return [{ member: 'm2', reason: 'so' }];
      },
    };
    const waits = member('m2', { waiting: [null], templates: ['other'] });
    const { ends, run } = cluster({
      placement,
      look: async () =>
        ok({ own: 'm1', members: [member('m1'), waits, member('m3', { status: 'Offline' })] }),
      on: async () => ok({ run: async () => ok({}) as never }),
    });
    const job = { id: 'j', command: 'true', cargo: true, requests: { cpu: 2 } };
    await run({ job });
    await run({ job });
    const [first, second] = asked;
    expect(first).toMatchObject({ jobId: 'j', runId: 'r', workspace: '/w', asks: { cpu: 2 } });
    expect(first?.excluded).toEqual([{ member: 'm3', reason: 'offline' }]);
    const there = { template: false, warmMachine: true };
    expect(first?.candidates[1]?.already).toEqual({ ...there, snapshot: false, cache: false });
    expect(second?.candidates[1]?.already).toEqual({ ...there, snapshot: true, cache: true });
    expect(ends).toEqual([]);
  });

  it('tries members as a placement of somebody else names them, and no others', async () => {
    const placement: Placement = { rank: async () => [{ member: 'm2', reason: 'it is green' }] };
    const { begun, ends, run } = cluster({ placement });
    const running = run();
    await expect.poll(() => begun).toEqual(['m2: m2, it is green; not on m1: not chosen by the placement']);
    ends[0]?.();
    await running;
    const unreached = cluster({ placement, on: async () => err(unreachable) });
    expect(mustFail(await unreached.run(), 'host').message).toMatch(
      /: m1: not chosen by the placement; m2: no route$/,
    );
    const none = cluster({ placement: { rank: () => [] } });
    expect(mustFail(await none.run(), 'host').message).toMatch(
      /m1: not chosen by the placement; m2: not chosen/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'a member that is not there',
      () => [{ member: 'm9', reason: 'x' }],
      /\[0\]\.member: "m9" is no member that .*; these are m1, m2/,
    ],
    [
      'one that is excluded',
      () => [
        { member: 'm1', reason: 'x' },
        { member: 'm3', reason: 'x' },
      ],
      /\[1\]\.member: "m3" is excluded: evacuated/,
    ],
    [
      'one twice',
      () => [
        { member: 'm1', reason: 'x' },
        { member: 'm1', reason: 'x' },
      ],
      /\[1\]\.member: "m1" is named twice/,
    ],
    ['no reason', () => [{ member: 'm1' }], /\[0\]\.reason: /],
    [
      'a reason with a line break',
      () => [{ member: 'm1', reason: 'a\nb' }],
      /\[0\]\.reason: must be one line/,
    ],
    [
      'a reason without end',
      () => [{ member: 'm1', reason: 'a'.repeat(501) }],
      /\[0\]\.reason: must have at most 500/,
    ],
    ['no list', () => ({ member: 'm1', reason: 'x' }), /the answer: /],
    ['nothing', () => undefined, /the answer: /],
    ['a name alone', () => ['m1'], /\[0\]: /],
  ])('refuses a placement that answers with %s', async (_, answer, message) => {
    const members = [member('m1'), member('m2'), member('m3', { status: 'Evacuated' })];
    const { begun, run } = cluster({
      placement: { rank: answer as Placement['rank'] },
      look: async () => ok({ own: 'm1', members }),
    });
    const fault = mustFail(await run(), 'invalid_placement');
    expect(fault.message).toMatch(/^the placement given to createPikaci: /);
    expect(fault.message).toMatch(message);
    expect(begun).toEqual([]);
  });

  it('refuses a placement that throws, that has no such method, or that does not answer', async () => {
    const throws = cluster({
      placement: {
        rank: () => {
          throw new Error('no idea');
        },
      },
    });
    expect(mustFail(await throws.run(), 'invalid_placement').message).toMatch(/: it threw: no idea$/);
    mustFail(await cluster({ placement: {} as never }).run(), 'invalid_placement');
    const silent: Placement = { rank: () => new Promise(() => {}) };
    const stop = new AbortController();
    const cancelled = cluster({ placement: silent }).run({ signal: stop.signal });
    stop.abort();
    mustFail(await cancelled, 'cancelled');
    const request = { jobId: 'j', runId: 'r', workspace: '/w', asks: {}, excluded: [] };
    const candidates = [{ member: 'm1' } as never];
    const signal = new AbortController().signal;
    const late = await askPlacement(silent, { ...request, candidates }, { signal, boundMs: 20 });
    expect(mustFail(late, 'invalid_placement').message).toMatch(/has not answered within 0.02 s/);
  });

  it('goes to the next member where one died before the job had begun, and stays where it may have', async () => {
    const localFiles = new MemoryFileStore();
    const begun: string[] = [];
    const numbers: (number | undefined)[] = [];
    const at = (name: string, leavesRecord: boolean) => ({
      run: async (call: RunJobCall) => {
        begun.push(`${name}: ${call.placed?.reason}`);
        numbers.push(call.jobAttempt);
        must(await localFiles.makeDirectory('/state/runs/r/jobs/j'));
        if (leavesRecord)
          must(
            await localFiles.writeFile('/state/runs/r/jobs/j/job.json', new Uint8Array(), { mode: 0o600 }),
          );
        return err(unreachable);
      },
    });
    const ports = portsWith(new MemoryClock(0), localFiles);
    const members = [member('m1', { taken: { cpu: 1, memoryBytes: 0 } }), member('m2')];
    const parts = { ports, look: async () => ok({ own: 'm1', members }) };
    const dies = cluster({ ...parts, here: at('m1', true), on: async () => ok(at('m2', false)) });
    mustFail(await dies.run(), 'host');
    expect(begun).toEqual(['m2: 2 of 2 cores are free', 'm1: 1 of 2 cores are free; not on m2: no route']);
    // What was left on m2 has the names of the first, and names are those of the cluster.
    expect(numbers).toEqual([1, 2]);
    must(await localFiles.remove('/state/runs/r', { recursive: true }));
    begun.length = 0;
    const runs = cluster({ ...parts, here: at('m1', true), on: async () => ok(at('m2', true)) });
    expect(mustFail(await runs.run(), 'host').message).toBe('no route');
    expect(begun).toEqual(['m2: 2 of 2 cores are free']);
    must(await localFiles.remove('/state/runs/r', { recursive: true }));
    const invalid = async () => err({ ...unreachable, kind: 'invalid_job' as const });
    const refused = cluster({ ...parts, on: async () => ok({ run: invalid }) });
    mustFail(await refused.run(), 'invalid_job');
  });

  it('takes another member than those on which the job was lost, where there is one', async () => {
    const first = cluster();
    const running = first.run({ avoid: ['m2'] });
    await expect
      .poll(() => first.begun)
      .toEqual(['here: m1, 2 of 2 cores are free; not on m2: an attempt at the job was lost there']);
    first.ends[0]?.();
    await running;
    const none = cluster();
    const again = none.run({ avoid: ['m1', 'm2'] });
    await expect.poll(() => none.begun.length).toBe(1);
    none.ends[0]?.();
    await again;
  });
});

describe('attempts at a job in a cluster', () => {
  it('are placed each for itself, not on a member on which one was lost, also when another runner began the first', async () => {
    const localFiles = new MemoryFileStore();
    const ports = {
      ...portsWith(new MemoryClock(0, { skipUpToMs: 5_000 }), localFiles),
      processes: {} as never,
    };
    const state = jobStateLayout('/state', 'r', 'j');
    const outcome = (cause: 'lost' | 'exit') =>
      ({
        runId: 'r',
        state,
        outcome: { status: cause === 'lost' ? 'failed' : 'passed', cause, attempt: 1 },
        cleanUp: Promise.resolve(ok(undefined)),
      }) as never;
    const asked: (readonly string[] | undefined)[] = [];
    const record = async (member: string) => {
      must(await localFiles.makeDirectory(state.jobDir));
      const text = JSON.stringify(jobRecord({ incus_member: member }, []));
      must(await localFiles.writeFile(state.jobRecord, Buffer.from(text), { mode: 0o600 }));
    };
    const runJob = {
      run: async (call: RunJobCall) => {
        asked.push(call.avoid);
        if ((call.avoid ?? []).length === 2) return ok(outcome('exit'));
        await record(asked.length === 1 ? 'm2' : 'm3');
        return ok(outcome('lost'));
      },
    };
    const on = async () => err(unreachable);
    const attempts = new RunAttempts({ ports, settings: { stateRoot: '/state' }, runJob, on });
    const job = { id: 'j', command: 'true', retry: { max: 3, when: ['lost' as const], backoffSecs: 0 } };
    must(await attempts.run({ job, workspace: '/w', runId: 'r' }));
    expect(asked).toEqual([[], ['m2'], ['m2', 'm3']]);
    asked.length = 0;
    must(await localFiles.remove('/state', { recursive: true }));
    await record('m1');
    must(await attempts.run({ job, workspace: '/w', runId: 'r', begun: outcome('lost') }));
    expect(asked[0]).toEqual(['m1']);
  });
});
