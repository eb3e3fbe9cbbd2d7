import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { readLease } from '../../../../src/domain/machine/lease.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

/** Plays `keep TEXT`, which writes it into a file, `show`, which writes that into the log, and `fail`. */
const script: MemoryJobScript = async ({ request, files, write }) => {
  const [word = '', ...rest] = request.command.split(' ');
  const at = { path: '/root/kept', content: Buffer.from(rest.join(' ')) };
  if (word === 'keep') must(files.write(at));
  if (word === 'show') write(must(files.read('/root/kept')).content);
  return word === 'fail' ? 5 : 0;
};

async function shown(machine: {
  run: (step: { command: string; onOutput: (data: Uint8Array) => void }) => unknown;
}) {
  let text = '';
  await machine.run({
    command: 'show',
    onOutput: (data) => {
      text += Buffer.from(data).toString('utf8');
    },
  });
  return text;
}

const IDENTITY = {
  '/etc/machine-id': 'the original',
  '/etc/ssh/ssh_host_rsa_key': 'key',
  '/etc/ssh/ssh_host_rsa_key.pub': 'key',
  '/etc/ssh/ssh_config': 'kept',
};

async function site() {
  const run = await memoryRun({ script });
  const { incus } = run.host;
  const machine = must(await run.pikaci.openMachine({ id: 'one', workspace: WORKSPACE, env: { A: '1' } }));
  must(await machine.run({ command: 'keep it' }));
  const project = 'default';
  must(await incus.makeDirectory(project, machine.name, { path: '/etc/ssh' }));
  for (const [path, content] of Object.entries(IDENTITY))
    must(await incus.writeFile(project, machine.name, { path, content: Buffer.from(content) }));
  const instance = (name: string) => {
    const found = incus.allInstances.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  return { ...run, incus, machine, instance };
}

describe('the fork of an open machine', () => {
  it('has its files, and a lease, an identity and a record of its own; the original is as it was', async () => {
    const { machine, instance, incus, host } = await site();
    const before = instance(machine.name).view();
    const copy = must(await machine.fork({ id: 'two', leaseSecs: 60 }));
    expect(await shown(copy)).toBe('it');
    expect(copy.spec).toEqual({ ...machine.spec, leaseSecs: 60 });
    expect(instance(machine.name).view()).toEqual(before);
    expect([...instance(machine.name).snapshots]).toEqual([]);
    const made = instance(copy.name);
    expect(made.ephemeral).toBe(false);
    const [one, two] = [before, made].map(({ config }) => readLease(config));
    expect(two?.runId).toBe('two');
    expect(two?.owner).not.toBe(one?.owner);
    expect(two?.acquisition).not.toBe(one?.acquisition);
    const text = (path: string) => Buffer.from(must(made.files.read(path)).content).toString('utf8');
    expect([text('/etc/machine-id'), text('/etc/ssh')]).toEqual(['', '["ssh_config"]']);
    const record = must(await host.localFiles.readFile('/state/machines/two/machine.json'));
    expect(JSON.parse(Buffer.from(record).toString('utf8'))).toMatchObject({
      forked_from: { instance_name: machine.name, machine_id: 'one' },
      snapshot_hash: expect.stringMatching(/./),
    });
    must(await copy.run({ command: 'keep another' }));
    expect(await shown(machine)).toBe('it');
    must(await copy.release());
    must(await machine.release());
    expect(incus.allInstances).toEqual([]);
  });

  it('has no device of the original’s but its own plan’s', async () => {
    const { machine, instance } = await site();
    const original = instance(machine.name);
    const foreign = { type: 'disk', source: '/secret', path: '/secret' };
    original.devices = { ...original.devices, foreign };
    const copy = must(await machine.fork());
    const { devices, expandedDevices } = instance(copy.name);
    expect(devices['foreign']).toEqual({ type: 'none' });
    expect(expandedDevices['foreign']).toBeUndefined();
    const paths = Object.values(expandedDevices).map(({ path }) => path);
    expect(paths).toContain('/workspace/snapshot');
  });

  it('has copies of its caches, which go with it', async () => {
    const { pikaci, incus, instance } = await memoryRun({ script }).then((run) => ({
      ...run,
      incus: run.host.incus,
      instance: (name: string) => run.host.incus.allInstances.find((one) => one.name === name),
    }));
    const job = { id: 'j', command: 'fail', caches: [{ path: '/kept', key: 'k' }] };
    const ended = must(await pikaci.runJob({ job, workspace: WORKSPACE, runId: 'r', keepOnFailureSecs: 60 }));
    must(await ended.cleanUp);
    const volumes = async () => must(await incus.volumes('default', 'default')).map(({ name }) => name);
    const [own] = await volumes();
    const { machine: copy } = must(await pikaci.fork('r', 'j'));
    const device = Object.values(instance(copy.name)?.devices ?? {}).find(({ path }) => path === '/kept');
    expect(device?.['source']).toMatch(/^pikaci-cachecopy-/);
    expect(device?.['source']).not.toBe(own);
    expect(await volumes()).toHaveLength(2);
    must(await copy.release());
    expect(await volumes()).toEqual([own]);
  });

  it('leaves no snapshot for good when nobody removes it: the daemon does so an hour later', async () => {
    const { machine, instance, incus } = await site();
    incus.faults.failNext('deleteSnapshot', 'connection_lost');
    const copy = must(await machine.fork({ id: 'two' }));
    const [kept] = instance(machine.name).snapshots.values();
    const ms = Date.parse(kept?.expiresAt ?? '') - Date.parse(kept?.createdAt ?? '');
    expect(ms).toBeGreaterThan(3_590_000);
    expect(ms).toBeLessThanOrEqual(3_600_000);
    must(await copy.release());
  });

  it('leaves nothing of a copy that could not be made one of its own, and no snapshot', async () => {
    const { machine, incus, instance } = await site();
    incus.faults.failNext('exec', 'server_error');
    mustFail(await machine.fork({ id: 'two' }), 'incus');
    expect(incus.allInstances.map(({ name }) => name)).toEqual([machine.name]);
    expect([...instance(machine.name).snapshots]).toEqual([]);
    must(await must(await machine.fork({ id: 'two' })).release());
  });

  it('is refused of a virtual machine, before anything is made', async () => {
    const run = await memoryRun({ script });
    const vm = must(await run.pikaci.openMachine({ instanceType: 'virtual-machine' }));
    expect(mustFail(await vm.fork(), 'backend_unavailable').message).toContain(
      'only containers can be forked',
    );
    expect([...(run.host.incus.allInstances[0]?.snapshots ?? [])]).toEqual([]);
  });
});

describe('the fork of a job', () => {
  it('has the job’s files, user and variables, and says what the job ran, and which secrets it does not have', async () => {
    const run = await memoryRun({ script });
    const job = {
      id: 'j',
      steps: [
        { id: 'a', command: 'keep of the job', env: { B: '2' } },
        { id: 'b', command: 'fail', timeoutSecs: 7, continueOnError: true },
        { id: 'c', command: 'show', if: 'failure' as const },
        { id: 'd', command: 'fail' },
      ],
      user: 'builder',
      env: { A: '1' },
      secrets: { TOKEN: 'a-secret-of-the-job' },
      timeoutSecs: 60,
    };
    const ended = must(
      await run.pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run', keepOnFailureSecs: 60 }),
    );
    must(await ended.cleanUp);
    const { machine: copy, commands, missingSecrets } = must(await run.pikaci.fork('run', 'j'));
    expect(copy.spec).toMatchObject({ user: 'builder', leaseSecs: 600, env: { A: '1', PIKACI_JOB_ID: 'j' } });
    expect(await shown(copy)).toBe('of the job');
    expect(missingSecrets).toEqual(['TOKEN']);
    expect(commands).toMatchObject([
      { step: { id: 'a', env: { B: '2' }, timeoutSecs: 60 }, continueOnError: false },
      { step: { id: 'b', timeoutSecs: 7 }, continueOnError: true },
      { step: { id: 'd' } },
    ]);
    expect(must(await copy.run(commands[2]?.step ?? { command: '' })).exitCode).toBe(5);
    must(await copy.release());
    expect(run.host.incus.allInstances).toHaveLength(1);
  });

  it('says of a job whose machine is gone, or that there never was, what to do', async () => {
    const run = await memoryRun({ script });
    mustFail(await run.pikaci.fork('no', 'j'), 'no_such_job');
    const ended = must(
      await run.pikaci.runJob({ job: { id: 'j', command: 'fail' }, workspace: WORKSPACE, runId: 'r' }),
    );
    must(await ended.cleanUp);
    expect(mustFail(await run.pikaci.fork('r', 'j'), 'guest').message).toContain('--keep-on-failure');
    mustFail(await run.pikaci.fork('../r', 'j'), 'invalid_job');
  });
});
