import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import type { LookedAtMember } from '../../../../src/application/cluster/look-at-members.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import { PlacedJobs, type PlacedJobsParts } from '../../../../src/application/job/placed-jobs.js';
import type { RunAttemptsCall } from '../../../../src/application/job/run-attempts.js';
import { mustFail } from '../../../../src/testing/contract/expect-result.js';

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
  ...parts,
});

const unreachable: JobFault = { kind: 'host', phase: null, host: 'm2', message: 'no route' };

/** Jobs that go on until they are let go; where each was begun is noted. */
function cluster(parts: Partial<PlacedJobsParts> = {}) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const jobs = (at: string) => ({
    run: (call: RunAttemptsCall) => {
      begun.push(call.placed === undefined ? at : `${at}: ${call.placed.member}, ${call.placed.reason}`);
      return new Promise<never>((resolve) => ends.push(() => resolve(err(unreachable) as never)));
    },
  });
  const placed = new PlacedJobs({
    here: jobs('here'),
    host: 'h',
    clock: new MemoryClock(0, { skipUpToMs: 5_000 }),
    members: null,
    group: null,
    look: async () => ok({ own: 'm1', members: [member('m1'), member('m2')] }),
    on: async ({ name }) => ok(jobs(name)),
    ...parts,
  });
  const run = (more: Partial<RunAttemptsCall> = {}) =>
    placed.run({ job: { id: 'j', command: 'true' }, workspace: '/w', ...more } as RunAttemptsCall);
  return { begun, ends, run };
}

describe('PlacedJobs', () => {
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
    const gone = [member('m1', { status: 'Offline' }), member('m2', { status: 'Evacuated' })];
    const { run: refused } = cluster({ look: async () => ok({ own: 'm1', members: gone }) });
    expect(mustFail(await refused(), 'host').message).toBe(
      'no member of the cluster can run the job: m1: offline; m2: evacuated',
    );
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
      clock: new MemoryClock(0),
      look: async () => {
        stop.abort();
        return ok({ own: 'm1', members: [member('m1', { status: 'Unreachable' })] });
      },
    });
    mustFail(await run({ signal: stop.signal }), 'cancelled');
  });
});
