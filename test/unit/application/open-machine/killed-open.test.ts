import { describe, expect, it } from 'vitest';
import { gcRuns } from '../../../../src/application/gc/gc-runs.js';
import { JobLock } from '../../../../src/application/lock/job-lock.js';
import { LockFiles } from '../../../../src/application/lock/lock-files.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun } from '../memory-run.js';

const DIR = '/state/machines/m1';
const never = new AbortController().signal;

/** A host and a state root where the opener of m1 was killed: it had come as far as this. */
async function killed(after: 'its directory' | 'its lock' | 'its record'): Promise<MemoryRun> {
  const run = await memoryRun({ script: async () => 0 });
  must(await must(await run.pikaci.openMachine({ id: 'm0' })).leave());
  const { localFiles, processes, clock } = run.host;
  must(await localFiles.makeDirectory(DIR, { mode: 0o700 }));
  if (after === 'its directory') return run;
  must(await JobLock.take({ localFiles, processes, clock }, DIR, never));
  must(await localFiles.writeFile(`${DIR}/host.log`, Buffer.from('of the killed one\n')));
  if (after === 'its record') {
    const record = Buffer.from(must(await localFiles.readFile('/state/machines/m0/machine.json'))).toString();
    must(await localFiles.writeFile(`${DIR}/machine.json`, Buffer.from(record.replaceAll('m0', 'm1'))));
  }
  processes.restart('killed');
  return run;
}

const gc = async ({ host: { localFiles: files, processes, clock } }: MemoryRun) =>
  must(await gcRuns({ files, processes, clock }, { stateRoot: '/state', keepRuns: 0 })).machines.removed;

describe('a machine whose opener was killed', () => {
  it.each(['its directory', 'its lock'] as const)(
    'after %s and before its record was never opened: that is said, and its id is free',
    async (after) => {
      const run = await killed(after);
      const fault = mustFail(await run.pikaci.attachMachine('m1'), 'no_such_machine');
      expect(fault.message).toContain('the machine m1 was never opened');
      expect(fault.message).toContain('pikaci gc --remote');
      const listed = must(await run.pikaci.listMachines());
      expect(listed.machines.map(({ id }) => id)).toEqual(['m0']);
      expect(listed.damaged).toEqual([]);
      expect(listed.unopened).toEqual([{ id: 'm1', message: fault.message }]);
      const machine = must(await run.pikaci.openMachine({ id: 'm1' }));
      expect(must(await machine.run({ command: 'true' })).exitCode).toBe(0);
      const log = must(await run.host.localFiles.readFile(`${DIR}/host.log`));
      expect(Buffer.from(log).toString()).not.toContain('of the killed one');
      expect(mustFail(await run.pikaci.openMachine({ id: 'm1' }), 'run_exists').field).toBe('id');
      expect(must(await run.pikaci.listMachines()).unopened).toEqual([]);
    },
  );

  it.each(['its directory', 'its lock'] as const)('after %s is forgotten by gc', async (after) => {
    const run = await killed(after);
    // As if another had just made it, and was about to lock it.
    expect(await gc(run)).toEqual([]);
    await run.host.clock.advance(61_000);
    expect(await gc(run)).toEqual(['m1']);
    expect((await run.host.localFiles.lstat(DIR)).isErr()).toBe(true);
  });

  it('after its record and before the machine is gone: it may never have been made', async () => {
    const run = await killed('its record');
    expect(must(await run.pikaci.listMachines()).machines).toMatchObject([
      { id: 'm1', state: 'gone' },
      { id: 'm0', state: 'open' },
    ]);
    const fault = mustFail(await run.pikaci.attachMachine('m1'), 'machine_gone');
    expect(fault.message).toContain('or its opener was killed before it was made');
    expect(mustFail(await run.pikaci.openMachine({ id: 'm1' }), 'run_exists').field).toBe('id');
    expect(await gc(run)).toEqual(['m1']);
  });

  it('of another daemon behind the same host name is not gone', async () => {
    const run = await memoryRun({ script: async () => 0 });
    must(await must(await run.pikaci.openMachine({ id: 'm1' })).leave());
    const { world } = run.host.incus;
    const { instances } = must(world.project('default', ''));
    const machines = [...instances];
    instances.clear();
    world.certificateFingerprint = 'e'.repeat(64);
    const fault = mustFail(await run.another().attachMachine('m1'), 'config_mismatch');
    expect(fault.message).toContain('f'.repeat(64));
    expect(fault.message).toContain('e'.repeat(64));
    expect(must(await run.another().listMachines()).machines).toMatchObject([
      { id: 'm1', state: 'elsewhere' },
    ]);
    for (const [name, machine] of machines) instances.set(name, machine);
    must(await must(await run.another().attachMachine('m1')).release());
  });

  it('in another container is listened to, and its machine is taken up when it is silent', async () => {
    const run = await memoryRun({ script: async () => 0 });
    must(await must(await run.pikaci.openMachine({ id: 'm1' })).leave());
    const { localFiles, clock } = run.host;
    const holder = {
      hostname: 'h',
      pid: 7,
      scope: 'another',
      started: '1',
      schema_version: 1,
      beat: 0,
    } as const;
    const since = new Date(clock.now()).toISOString();
    must(await new LockFiles(localFiles, DIR).take(2, { ...holder, since }));
    must(await must(await advancing(run, run.pikaci.attachMachine('m1'))).release());
  });
});

async function advancing<T>({ host: { clock } }: MemoryRun, work: Promise<T>): Promise<T> {
  let ended = false;
  const done = work.finally(() => {
    ended = true;
  });
  while (!ended) await clock.advance(1000);
  return done;
}

describe('a machine that is being opened', () => {
  it('is neither taken up, nor gone, nor opened twice, nor forgotten', async () => {
    const run = await memoryRun({ script: async () => 0 });
    const held = run.host.incus.faults.holdNextCreate();
    const opening = run.pikaci.openMachine({ id: 'm1' });
    await held.reached;
    const another = run.another();
    const fault = mustFail(await another.attachMachine('m1'), 'no_such_machine');
    expect(fault.message).toBe('the machine m1 is being opened by another process: wait until it is open');
    expect(mustFail(await another.openMachine({ id: 'm1' }), 'run_exists').field).toBe('id');
    expect(must(await another.listMachines()).machines).toMatchObject([{ id: 'm1', state: 'opening' }]);
    await run.host.clock.advance(61_000);
    expect(await gc(run)).toEqual([]);
    held.release();
    must(await must(await opening).leave());
    expect(must(await another.listMachines()).machines).toMatchObject([{ id: 'm1', state: 'open' }]);
    must(await must(await another.attachMachine('m1')).release());
  });

  it('has no record at first, and is none that was never opened', async () => {
    const run = await memoryRun({ script: async () => 0 });
    const { localFiles, processes, clock } = run.host;
    must(await localFiles.makeDirectory(DIR, { mode: 0o700 }));
    await using _claim = must(await JobLock.take({ localFiles, processes, clock }, DIR, never));
    const fault = mustFail(await run.pikaci.attachMachine('m1'), 'no_such_machine');
    expect(fault.message).toContain('is being opened');
    expect(must(await run.pikaci.listMachines())).toEqual({ machines: [], damaged: [], unopened: [] });
    const exists = mustFail(await run.pikaci.openMachine({ id: 'm1' }), 'run_exists');
    expect(exists.message).toContain('is being opened by another process');
    await clock.advance(61_000);
    expect(await gc(run)).toEqual([]);
  });
});
