import { describe, expect, it } from 'vitest';
import type { MemoryHostOptions } from '../../../../../src/adapters/memory/memory-host.js';
import { readLease } from '../../../../../src/domain/machine/lease.js';
import { POOL_KEY, readPool } from '../../../../../src/domain/machine/warm-mark.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../../memory-run.js';

async function site(size: number, options: MemoryHostOptions = {}, config = {}) {
  const run = await memoryRun({ script: async () => 0, ...options });
  const { incus } = run.host;
  const open = (more = {}) => run.another({ warm: { size }, ...config, ...more });
  const waiting = () => incus.allInstances.filter((one) => readPool(one.config) !== null);
  return { run, incus, open, waiting };
}

const JOB = { id: 'j', command: 'x', limits: { processes: 7 } };

describe('a warm pool', () => {
  it('is filled once, of whatever runner, and what one has too many is removed', async () => {
    const { open, waiting } = await site(2);
    const [one, other] = [open(), open()];
    await Promise.all([one.fillPool(), other.fillPool()]);
    expect(must(await one.fillPool()).made).toEqual([]);
    expect(waiting()).toHaveLength(2);
    expect(must(await open({ warm: { size: 1 } }).fillPool()).removed).toHaveLength(1);
    expect(must(await other.drainPool()).removed).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  it('gives one machine to one of several jobs, which gets its limits and mounts, and never has it back', async () => {
    const { open, waiting, incus, run } = await site(1);
    const [one, other] = [open(), open()];
    must(await one.fillPool());
    const [{ name } = { name: '' }] = waiting();
    const seen: Record<string, string>[] = [];
    let begun = 0;
    let begin: () => void = () => {};
    const bothHaveBegun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    run.host.supervisor.script = async () => {
      begun += 1;
      if (begun === 2) begin();
      await bothHaveBegun;
      const found = incus.allInstances.find((instance) => instance.name === name);
      if (found !== undefined) seen.push({ ...found.config });
      const paths = Object.values(found?.devices ?? {}).map(({ path }) => path);
      if (found !== undefined) expect(paths).toContain('/workspace/snapshot');
      return 0;
    };
    const ended = await Promise.all(
      [one, other].map(async (pikaci, n) =>
        must(await pikaci.runJob({ job: JOB, workspace: WORKSPACE, runId: `r${n}` })),
      ),
    );
    const from = ended.map(({ outcome }) => outcome.acquired?.['from']);
    expect([...from].sort()).toEqual(['cold', 'warm']);
    expect(ended.every(({ outcome }) => outcome.status === 'passed')).toBe(true);
    expect(seen[0]).toMatchObject({ 'limits.processes': '7' });
    expect(readPool(seen[0] ?? {})).toBeNull();
    expect(readLease(seen[0] ?? {})?.runId).toMatch(/^r[01]$/);
    for (const { cleanUp } of ended) must(await cleanUp);
    await Promise.all([one.close(), other.close()]);
    expect(incus.allInstances.map((instance) => instance.name)).not.toContain(name);
    expect(incus.allInstances).toHaveLength(1);
    expect(waiting()).toHaveLength(1);
  });

  it('is no way around what is decided when a machine is made: it is made then, and the outcome says why', async () => {
    const { open, waiting } = await site(1);
    const pikaci = open();
    must(await pikaci.fillPool());
    const cold = async (job: object) => {
      const call = { job: { ...JOB, ...job }, workspace: WORKSPACE };
      const ended = must(await pikaci.runJob(call));
      must(await ended.cleanUp);
      return ended.outcome.acquired;
    };
    expect(await cold({ instanceType: 'virtual-machine' })).toMatchObject({
      from: 'cold',
      reason: expect.stringContaining('virtual-machine'),
    });
    expect(await cold({ extraProfiles: ['default'] })).toMatchObject({
      reason: expect.stringContaining('profiles'),
    });
    expect(waiting()).toHaveLength(1);
    expect(await cold({})).toEqual({ from: 'warm' });
  });

  it('is of the image that the alias means now, and what was not started in time is replaced', async () => {
    const { open, waiting, incus } = await site(1);
    const pikaci = open();
    const [first = ''] = must(await pikaci.fillPool()).made;
    const [instance] = waiting();
    if (instance === undefined) throw new Error('none waits');
    instance.config = { ...instance.config, 'volatile.base_image': 'f'.repeat(64) };
    const ended = must(await pikaci.runJob({ job: JOB, workspace: WORKSPACE }));
    expect(ended.outcome.acquired).toMatchObject({ from: 'cold', reason: expect.stringContaining('image') });
    must(await ended.cleanUp);
    await pikaci.close();
    expect(waiting().map(({ name }) => name)).not.toContain(first);
    expect(waiting()).toHaveLength(1);
    const [left] = waiting();
    if (left === undefined) throw new Error('none waits');
    Object.assign(left, { status: 'Stopped', createdAt: '2020-01-01T00:00:00Z' });
    expect(must(await open().fillPool())).toMatchObject({ removed: [left.name], made: [expect.anything()] });
    expect(incus.allInstances.map(({ status }) => status)).toEqual(['Running']);
  });

  it('says of a fill without room how many wait, and which limit it is', async () => {
    const { open, incus, waiting } = await site(3);
    const project = incus.world.projects.get('default');
    if (project !== undefined) project.config = { 'limits.instances': '2' };
    const filled = must(await open().fillPool());
    expect(filled).toMatchObject({ isCutShort: true, waiting: 2, size: 3 });
    expect([filled.made.length, waiting().length]).toEqual([2, 2]);
    expect(filled.reason).toContain('Reached maximum number of instances');
  });

  it('gives no job a machine whose lease ends, and a reaper takes it', async () => {
    const { open, waiting, incus } = await site(1);
    const pikaci = open();
    const [name = ''] = must(await pikaci.fillPool()).made;
    const [left] = waiting();
    const soon = {
      'user.pikaci.lease_expires_at_ms': String(
        (readLease(left?.config ?? {})?.expiresAtMs ?? 0) - 3_595_000,
      ),
    };
    must(await incus.patchInstance('default', name, soon));
    const ended = must(await pikaci.runJob({ job: JOB, workspace: WORKSPACE }));
    expect(ended.outcome.acquired).toMatchObject({ from: 'cold' });
    must(await ended.cleanUp);
    await pikaci.close();
    expect(waiting().map((one) => one.name)).not.toContain(left?.name);
    const [next] = waiting();
    must(await incus.patchInstance('default', next?.name ?? '', { 'user.pikaci.lease_expires_at_ms': '1' }));
    expect(must(await open().reap()).deleted).toEqual([next?.name]);
    expect(incus.allInstances).toEqual([]);
  });

  it('lends open machines as well, which another process takes up by their ids, and shells and forks of kept jobs', async () => {
    const { open, incus } = await site(1, {
      script: async ({ request }) => (request.command === 'fail' ? 5 : 0),
    });
    const pikaci = open();
    const [name = ''] = must(await pikaci.fillPool()).made;
    const machine = must(await pikaci.openMachine({ id: 'm' }));
    expect(machine.name).toBe(name);
    must(await machine.leave());
    const other = must(await open().attachMachine('m'));
    expect(must(await other.run({ command: 'x' })).exitCode).toBe(0);
    expect(must(await open().listMachines()).machines).toMatchObject([{ id: 'm', state: 'open', name }]);
    must(await other.release());
    must(await pikaci.fillPool());
    const call = {
      job: { ...JOB, command: 'fail' },
      workspace: WORKSPACE,
      runId: 'r',
      keepOnFailureSecs: 60,
    };
    const kept = must(await pikaci.runJob(call));
    must(await kept.cleanUp);
    expect(kept.outcome.acquired).toEqual({ from: 'warm' });
    const { machine: copy } = must(await open().fork('r', 'j'));
    must(await copy.release());
    must(await pikaci.drainPool());
    const [left, ...more] = incus.allInstances.filter(({ config }) => readPool(config) === null);
    expect(more).toEqual([]);
    expect(readLease(left?.config ?? {})).toMatchObject({ runId: 'r', jobId: 'j' });
  });

  it('keeps no job from a place in the project', async () => {
    const { open, waiting, incus } = await site(1);
    const pikaci = open();
    must(await pikaci.fillPool());
    incus.world.project('default', '').map((project) => {
      Object.assign(project, { config: { ...project.config, 'limits.instances': '1' } });
      return project;
    });
    const job = { ...JOB, extraProfiles: ['default'] };
    const ended = must(await pikaci.runJob({ job, workspace: WORKSPACE }));
    expect(ended.outcome).toMatchObject({ status: 'passed', acquired: { from: 'cold' } });
    must(await ended.cleanUp);
    await pikaci.close();
    expect(waiting()).toHaveLength(1);
  });

  it('goes with its leases: what has waited for too long is taken by no job but replaced, or by a reaper', async () => {
    const { open, waiting, incus } = await site(1);
    must(await open().fillPool());
    const [old] = waiting();
    if (old === undefined) throw new Error('none waits');
    old.config = { ...old.config, 'user.pikaci.lease_expires_at_ms': '1' };
    const pikaci = open();
    const ended = must(await pikaci.runJob({ job: JOB, workspace: WORKSPACE }));
    expect(ended.outcome.acquired).toMatchObject({
      from: 'cold',
      reason: expect.stringContaining('too old'),
    });
    must(await ended.cleanUp);
    await pikaci.close();
    const [next, ...more] = waiting();
    expect(more).toEqual([]);
    if (next === undefined) throw new Error('none waits');
    expect(next.name).not.toBe(old.name);
    next.config = { ...next.config, 'user.pikaci.lease_expires_at_ms': '1' };
    expect(must(await open().reap()).deleted).toEqual([next.name]);
    expect(incus.allInstances).toEqual([]);
  });

  it('is refused of microVMs, and where none is configured', async () => {
    const { run } = await site(1);
    expect(mustFail(await run.pikaci.fillPool(), 'backend_unavailable').message).toContain('"warm"');
    const microvm = run.another({
      backend: 'microvm',
      microvm: { runner: '/opt/runner' },
      warm: { size: 1 },
    });
    expect(mustFail(await microvm.fillPool(), 'backend_unavailable').message).toContain('none of microVMs');
    expect(POOL_KEY).toMatch(/^user\.pikaci\./);
  });
});
