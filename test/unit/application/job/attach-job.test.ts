import { describe, expect, it } from 'vitest';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { leaseConfig, newLeaseConfig, readLease } from '../../../../src/domain/machine/lease.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, STATE, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make' } as const;
const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;

/** A job whose runner has gone, as one that detached leaves it; it ends when `finish` is called. */
async function left(job: Record<string, unknown> = {}) {
  const stop = new AbortController();
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const run = await memoryRun({
    script: async (control) => {
      control.write('begun\n');
      queueMicrotask(() => stop.abort());
      await finished;
      control.write('over\n');
      return 0;
    },
  });
  const options = { signal: stop.signal, onAbort: 'detach' } as const;
  must(await run.pikaci.runJob({ ...input, ...options, job: { ...JOB, ...job } }));
  return { run, finish };
}

function setOwner(run: MemoryRun, owner: string): void {
  const [instance] = run.host.incus.allInstances;
  const lease = readLease(instance?.config ?? {});
  if (instance === undefined || lease === null) throw new Error('there is no lease');
  instance.config = { ...instance.config, ...leaseConfig({ ...lease, owner }) };
}

/** A machine of the job's name, as a runner leaves it that dies. How many there are is told. */
async function leftMachine(run: MemoryRun, acquisition: string | null): Promise<() => number> {
  const name = incusInstanceName('run', 'job');
  const lease = newLeaseConfig({ runId: 'run', jobId: 'job', owner: 'dead', acquisition, expiresAtMs: 0 });
  const { incus } = run.host;
  const image = { alias: 'pikaci/dev' };
  const machine = {
    name,
    type: 'container',
    ephemeral: true,
    start: true,
    source: image,
    devices: {},
  } as const;
  must(await incus.createInstance('default', { ...machine, config: lease }));
  return () => incus.allInstances.length;
}

describe('attaching to a job', () => {
  it('whose end nobody saw collects it', async () => {
    const { run, finish } = await left({ artifacts: ['/artifacts/*'] });
    finish();
    const { outcome } = must(await run.another().attach('run', 'job', { events: run.sink }));
    expect(outcome).toMatchObject({ status: 'passed', log_bytes: 11 });
    expect(await run.state('guest.log')).toBe('begun\nover\n');
  });

  it('whose host was restarted since it ended starts its machine for what it has left', async () => {
    const { run, finish } = await left({ artifacts: ['/artifacts/*'] });
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    const [machine] = run.host.incus.allInstances;
    const off = { action: 'stop', timeoutSecs: 0, force: true } as const;
    must(await run.host.incus.changeState('default', machine?.name ?? '', off));
    const attached = must(await run.another().attach('run', 'job', { events: run.sink }));
    must(await attached.cleanUp);
    expect(attached.outcome).toMatchObject({ status: 'passed', log_bytes: 11 });
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('that has ended gives its outcome again, also when the host cannot be asked', async () => {
    const run = await memoryRun();
    const first = must(await run.pikaci.runJob(input));
    must(await first.cleanUp);
    await run.host.incus[Symbol.asyncDispose]();
    expect(must(await run.another().attach('run', 'job')).outcome).toEqual(first.outcome);
  });

  it('whose runner died after the outcome, and before it removed the machine, removes it', async () => {
    const run = await memoryRun();
    must(await must(await run.pikaci.runJob(input)).cleanUp);
    const { acquisition } = JSON.parse(await run.state('job.json'));
    const machine = await leftMachine(run, acquisition);
    const again = must(await run.another().attach('run', 'job'));
    must(await again.cleanUp);
    expect(again.outcome.status).toBe('passed');
    expect(machine()).toBe(0);
  });

  it('that was run before 0.2, and left its machine and directory, removes both', async () => {
    const run = await memoryRun();
    must(await must(await run.pikaci.runJob(input)).cleanUp);
    const { acquisition, ...record } = JSON.parse(await run.state('job.json'));
    expect(acquisition).toMatch(/^[0-9a-f-]{36}$/);
    const old = Buffer.from(JSON.stringify(record));
    must(await run.host.localFiles.writeFile(`${STATE}/job.json`, old));
    must(await run.host.hostFiles.makeDirectory('/var/pikaci/runs/run/jobs/job/artifacts'));
    const machine = await leftMachine(run, null);
    must(await must(await run.another().attach('run', 'job')).cleanUp);
    expect(machine()).toBe(0);
    expect(must(await run.host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it.each([
    ['passed', 0],
    ['failed, and was to be kept,', 1],
  ])('that %s leaves the machine of another run of the same ids as it is', async (_, code) => {
    const run = await memoryRun({ script: async () => code });
    must(await must(await run.pikaci.runJob({ ...input, keepOnFailureSecs: 600 })).cleanUp);
    run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    const machine = await leftMachine(run, '3f2c1a80-0000-4000-8000-000000000001');
    const before = readLease(run.host.incus.allInstances[0]?.config ?? {});
    must(await must(await run.another().attach('run', 'job')).cleanUp);
    expect(machine()).toBe(1);
    expect(readLease(run.host.incus.allInstances[0]?.config ?? {})).toEqual(before);
  });

  it('whose machine is another run’s by now is lost, and that machine is not taken up', async () => {
    const { run } = await left();
    run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    const machine = await leftMachine(run, '3f2c1a80-0000-4000-8000-000000000001');
    const before = readLease(run.host.incus.allInstances[0]?.config ?? {});
    const again = must(await run.another().attach('run', 'job'));
    must(await again.cleanUp);
    expect(again.outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    expect(machine()).toBe(1);
    expect(readLease(run.host.incus.allInstances[0]?.config ?? {})).toEqual(before);
  });

  it('that failed and was to be kept leaves its machine to the lease', async () => {
    const run = await memoryRun({ script: async () => 1 });
    must(await must(await run.pikaci.runJob({ ...input, keepOnFailureSecs: 600 })).cleanUp);
    const machine = () => run.host.incus.allInstances.length;
    expect(machine()).toBe(1);
    must(await must(await run.another().attach('run', 'job')).cleanUp);
    expect(machine()).toBe(1);
    // Its runner may have died before it had made the lease longer; whoever attaches later makes it no longer than that.
    const expiresAtMs = () => readLease(run.host.incus.allInstances[0]?.config ?? {})?.expiresAtMs ?? 0;
    const until = Date.parse(JSON.parse(await run.state('job.json')).outcome.finished_at) + 600_000;
    expect(Math.abs(expiresAtMs() - until)).toBeLessThan(10_000);
    const [instance] = run.host.incus.allInstances;
    const lease = readLease(instance?.config ?? {});
    if (instance === undefined || lease === null) throw new Error('there is no lease');
    for (const later of [0, 120_000]) {
      instance.config = { ...instance.config, ...leaseConfig({ ...lease, expiresAtMs: until - 500_000 }) };
      await run.host.clock.advance(later);
      must(await must(await run.another().attach('run', 'job')).cleanUp);
      expect(Math.abs(expiresAtMs() - until)).toBeLessThan(10_000);
    }
  });

  it('whose machine is gone says that it is lost, once and for all', async () => {
    const { run } = await left();
    run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    const { outcome } = must(await run.another().attach('run', 'job'));
    expect(outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    expect(JSON.parse(await run.state('job.json')).outcome).toEqual(outcome);
  });

  it('whose machine is gone keeps all that was kept of its log, also what came after the last position', async () => {
    const { run } = await left();
    const log = '/state/runs/run/jobs/job/guest.log';
    const heard = await run.state('guest.log');
    must(await run.host.localFiles.appendFile(log, Buffer.from('the last words\n')));
    run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    const { outcome } = must(await run.another().attach('run', 'job'));
    expect(outcome).toMatchObject({
      cause: 'lost',
      log_bytes: heard.length + 15,
      kept_log_bytes: heard.length + 15,
    });
    expect(await run.state('guest.log')).toBe(`${heard}the last words\n`);
  });

  for (const [what, other] of Object.entries({
    backend: { backend: 'microvm' },
    'work directory': { workDir: '/srv/other' },
  } as const)) {
    it(`with another ${what} configured is refused, and the job ends as it would have`, async () => {
      const { run, finish } = await left();
      const record = await run.state('job.json');
      const elsewhere = run.another(other);
      const fault = mustFail(await elsewhere.attach('run', 'job', { events: run.sink }), 'config_mismatch');
      for (const named of [what === 'backend' ? 'incus' : '/var/pikaci', Object.values(other)[0]])
        expect(fault.message).toContain(`${named}`);
      const shell = mustFail(await elsewhere.shell('run', 'job'), 'config_mismatch');
      expect(shell.message).toBe(fault.message);
      await elsewhere.close();
      expect(await run.state('job.json')).toBe(record);
      expect(run.events).toEqual([]);
      expect(run.host.incus.allInstances).toHaveLength(1);
      finish();
      const { outcome } = must(await run.another().attach('run', 'job'));
      expect(outcome).toMatchObject({ status: 'passed', log_bytes: 11 });
    });

    it(`with another ${what} configured leaves the machine of a job that has ended alone`, async () => {
      const run = await memoryRun();
      const first = must(await run.pikaci.runJob(input));
      must(await first.cleanUp);
      const machine = await leftMachine(run, JSON.parse(await run.state('job.json')).acquisition);
      must(await run.host.hostFiles.makeDirectory('/srv/other/runs/run/jobs/job'));
      const elsewhere = run.another(other);
      const again = must(await elsewhere.attach('run', 'job'));
      must(await again.cleanUp);
      expect(again.outcome).toEqual(first.outcome);
      expect(machine()).toBe(1);
      expect(run.host.hostFiles.has('/srv/other/runs/run/jobs/job')).toBe(true);
    });
  }

  it('of another daemon behind the same host name is refused, and the job ends as it would have', async () => {
    const { run, finish } = await left();
    const { world } = run.host.incus;
    const record = await run.state('job.json');
    expect(JSON.parse(record).incus_daemon).toBe('f'.repeat(64));
    const { instances } = must(world.project('default', ''));
    const machines = [...instances];
    instances.clear();
    world.certificateFingerprint = 'e'.repeat(64);
    const { message } = mustFail(await run.another().attach('run', 'job'), 'config_mismatch');
    expect(message).toContain('f'.repeat(64));
    expect(message).toContain('e'.repeat(64));
    expect(await run.state('job.json')).toBe(record);
    // A certificate may be replaced: a machine that is found is the one that is meant.
    for (const [name, machine] of machines) instances.set(name, machine);
    finish();
    expect(must(await run.another().attach('run', 'job')).outcome.status).toBe('passed');
  });

  it('of a daemon of which nothing is recorded is lost when its machine is gone', async () => {
    const { run } = await left();
    const { incus_daemon: _, ...old } = JSON.parse(await run.state('job.json'));
    must(await run.host.localFiles.writeFile(`${STATE}/job.json`, Buffer.from(JSON.stringify(old))));
    const { world } = run.host.incus;
    must(world.project('default', '')).instances.clear();
    world.certificateFingerprint = 'e'.repeat(64);
    expect(must(await run.another().attach('run', 'job')).outcome.cause).toBe('lost');
  });

  it('with another project configured takes it up where it was started', async () => {
    const { run, finish } = await left();
    run.host.incus.world.addImage('other', 'pikaci/dev');
    finish();
    const attached = must(await run.another({ incus: { project: 'other' } }).attach('run', 'job'));
    must(await attached.cleanUp);
    expect(attached.outcome.status).toBe('passed');
    expect(run.host.incus.allInstances).toEqual([]);
  });

  /** A job whose runner died while it collected: its record as it was then, and what lay in the folder. */
  async function leftCollecting(pattern = '/artifacts/*') {
    const records: Promise<string>[] = [];
    const run = await memoryRun({
      script: async ({ files }) => {
        files.write({ path: '/artifacts/report', content: Buffer.from('ok') });
        return 0;
      },
    });
    const events = {
      emit: (event: PikaciEvent) => {
        if (event.type === 'phase_started' && event.phase === 'collect_artifacts')
          records.push(run.state('job.json'));
      },
    };
    const job = { ...JOB, artifacts: [pattern] };
    must(await must(await run.pikaci.runJob({ ...input, job, events, keepOnFailureSecs: 600 })).cleanUp);
    const record = JSON.parse((await records[0]) ?? '');
    const { localFiles } = run.host;
    must(await localFiles.writeFile(`${STATE}/job.json`, Buffer.from(JSON.stringify(record))));
    must(await localFiles.makeDirectory(`${STATE}/artifacts`));
    for (const name of ['report', '.report.0123.tmp', 'other'])
      must(await localFiles.writeFile(`${STATE}/artifacts/${name}`, Buffer.from('of the first')));
    return { run, record };
  }

  it('whose runner died while it collected has its outcome, though the machine is gone', async () => {
    const { run, record } = await leftCollecting();
    expect([record.outcome, record.ended.status]).toEqual([null, 'passed']);
    const { outcome } = must(await run.another().attach('run', 'job', { events: run.sink }));
    expect(outcome).toMatchObject({ status: 'passed', cause: 'exit', exit_code: 0 });
    expect(outcome.artifacts).toMatchObject({ collected: [], incomplete: expect.stringContaining('gone') });
    const saved = JSON.parse(await run.state('job.json'));
    expect([saved.outcome, saved.ended]).toEqual([outcome, undefined]);
    expect((await run.host.localFiles.stat(`${STATE}/artifacts`)).isErr()).toBe(true);
  });

  it('has the phases of the runner that died, which its log has kept', async () => {
    const { run, finish } = await left();
    // As a runner leaves it that is killed: no outcome, and a log that may end anywhere.
    const record = { ...JSON.parse(await run.state('job.json')), outcome: null };
    const { localFiles } = run.host;
    must(await localFiles.writeFile(`${STATE}/job.json`, Buffer.from(JSON.stringify(record))));
    const lines = (await run.state('host.log')).split('\n');
    const waiting = lines.findIndex((line) => line.includes('phase_started {"phase":"wait_for_completion"'));
    const torn = `${lines.slice(0, waiting + 1).join('\n')}\n2026-11-23T16:45:01.250Z phase_fin`;
    must(await localFiles.writeFile(`${STATE}/host.log`, Buffer.from(torn)));
    finish();
    const { outcome } = must(await run.another().attach('run', 'job'));
    expect(outcome.phases.map(({ phase, ok }) => [phase, ok])).toEqual([
      ['prepare_directories', true],
      ['stage_workspace_snapshot', true],
      ['prepare_runtime', true],
      ['launch_guest', true],
      ['wait_for_completion', true],
    ]);
  });

  it('has not passed when its artifacts are required and nobody can collect them any more', async () => {
    const { run, record } = await leftCollecting();
    const job_spec = { ...record.job_spec, artifacts: { paths: ['/artifacts/*'], required: true } };
    const changed = Buffer.from(JSON.stringify({ ...record, job_spec }));
    must(await run.host.localFiles.writeFile(`${STATE}/job.json`, changed));
    const { outcome } = must(await run.another().attach('run', 'job'));
    expect(outcome).toMatchObject({ status: 'failed', cause: 'artifacts' });
    expect(outcome.message).toContain('required artifacts are missing');
  });

  it('has the folder of its artifacts made anew', async () => {
    const { run, finish } = await left({ artifacts: ['/artifacts/*'] });
    const { localFiles } = run.host;
    must(await localFiles.makeDirectory(`${STATE}/artifacts`));
    for (const name of ['.report.0123.tmp', 'other'])
      must(await localFiles.writeFile(`${STATE}/artifacts/${name}`, Buffer.from('of the first')));
    const [instance] = run.host.incus.allInstances;
    instance?.files.write({ path: '/artifacts/report', content: Buffer.from('ok') });
    finish();
    const { outcome } = must(await run.another().attach('run', 'job', { events: run.sink }));
    expect(outcome.artifacts).toMatchObject({ collected: [{ path: 'report', bytes: 2 }], incomplete: null });
    expect(must(await localFiles.list(`${STATE}/artifacts`)).map(({ name }) => name)).toEqual(['report']);
  });

  it('through another host than its own is a fault, and no result', async () => {
    const { run } = await left();
    const record = JSON.parse(await run.state('job.json'));
    const path = '/state/runs/run/jobs/job/job.json';
    const moved = Buffer.from(JSON.stringify({ ...record, host: 'ci@elsewhere' }));
    must(await run.host.localFiles.writeFile(path, moved));
    run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    const fault = mustFail(await run.another().attach('run', 'job'), 'host');
    expect(fault.message).toContain('ci@elsewhere');
    expect(JSON.parse(await run.state('job.json'))).toMatchObject({ outcome: { status: 'detached' } });
  });

  it('masks its log with the secrets that the guest was given', async () => {
    const { run, finish } = await left({ secrets: { TOKEN: 'over' } });
    finish();
    must(await run.another().attach('run', 'job', { events: run.sink }));
    expect(await run.state('guest.log')).toBe('begun\n***\n');
  });

  it('follows nothing when the guest does not know all its secrets', async () => {
    const { run } = await left({ secrets: { TOKEN: 'over' } });
    const { handler } = run.host.supervisor;
    run.host.incus.execHandler = async function* (process) {
      if (!process.request.command.includes('secrets')) return yield* handler(process);
      yield { stream: 'stdout', data: Buffer.from('{}\n') };
      return 0;
    };
    const fault = mustFail(await run.another().attach('run', 'job'), 'guest');
    expect(fault.message).toContain('TOKEN');
  });

  it.each([
    ['never began', ''],
    ['is lost where a part of its log is kept', 'begun'],
  ])(
    'that the guest says it was never given, with its secrets, %s, and its machine goes',
    async (_what, log) => {
      const { run } = await left({ secrets: { TOKEN: 'over' } });
      must(await run.host.localFiles.writeFile(`${STATE}/guest.log`, Buffer.from(log)));
      const absent = { schema_version: 1, state: 'absent', log_bytes: 0, result: null };
      run.host.incus.execHandler = async function* (process) {
        const { command } = process.request;
        if (command.includes('secrets')) yield { stream: 'stdout', data: Buffer.from('{}\n') };
        else if (command.includes('status'))
          yield { stream: 'stdout', data: Buffer.from(`${JSON.stringify(absent)}\n`) };
        return 0;
      };
      const attached = await run.another().attach('run', 'job');
      if (log === '') {
        expect(mustFail(attached, 'no_such_job').message).toContain(
          'its runner ended before the job had begun',
        );
        expect(must(await run.host.localFiles.list(STATE)).map(({ name }) => name)).not.toContain('job.json');
      } else {
        const { outcome, cleanUp } = must(attached);
        must(await cleanUp);
        expect(outcome).toMatchObject({ status: 'failed', cause: 'lost' });
        expect(outcome.message).toBe('the guest has no record of the job any more');
      }
      expect(must(await run.host.incus.instances('default'))).toEqual([]);
    },
  );

  it('whose host could not be reached for long masks the secret that was cut there', async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const run = await memoryRun({
      script: async ({ write }) => {
        write('it is hunt');
        await finished;
        write('er2.\n');
        return 0;
      },
    });
    const { faults } = run.host.incus;
    const emit = ({ type }: { readonly type: string }) => {
      if (type !== 'log_bytes') return;
      for (let i = 0; i < 200; i++) faults.failNext('exec', 'connection_lost');
      run.host.incus.dropConnections();
    };
    const job = { ...JOB, secrets: { TOKEN: 'hunter2' } };
    mustFail(await run.pikaci.runJob({ ...input, job, events: { emit } }), 'host');
    expect(await run.state('guest.log')).toBe('it is ');
    while (faults.takeCall('exec') !== undefined);
    finish();
    must(await run.another().attach('run', 'job'));
    expect(await run.state('guest.log')).toBe('it is ***.\n');
  });

  it('is cancelled, and no system failure, whenever the signal fires before the job is taken up', async () => {
    const ends: string[] = [];
    for (let at = 0; ; at++) {
      const { run } = await left({ secrets: { TOKEN: 'over' } });
      const stop = new AbortController();
      let calls = 0;
      const { incus, localFiles } = run.host;
      const counted = <T extends object>(port: T): T =>
        new Proxy(port, {
          get: (target, name) => {
            const value = Reflect.get(target, name);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              if (calls++ === at) stop.abort();
              return value.apply(target, args);
            };
          },
        });
      const adapters = { ...run.host.adapters, incus: counted(incus), localFiles: counted(localFiles) };
      const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
      const pikaci = must(createPikaci(config, { adapters }));
      let isTaken = false;
      const emit = () => {
        isTaken = true;
      };
      const options = { signal: stop.signal, onAbort: 'destroy', events: { emit } } as const;
      const attached = await pikaci.attach('run', 'job', options);
      if (isTaken) break;
      ends.push(mustFail(attached, 'cancelled').message);
      expect(run.host.incus.allInstances).toHaveLength(1);
      expect(JSON.parse(await run.state('job.json')).outcome.status).toBe('detached');
    }
    expect(ends.length).toBeGreaterThan(5);
    expect(new Set(ends)).toEqual(new Set(['cancelled before the job was taken up; it goes on']));
  });

  it('that a reaper has claimed is left to the reaper', async () => {
    const { run } = await left();
    setOwner(run, 'reaper-1');
    mustFail(await run.another().attach('run', 'job'), 'superseded');
  });

  it('takes the lease over', async () => {
    const { run, finish } = await left();
    setOwner(run, 'the runner that is gone');
    const attached = run.another().attach('run', 'job');
    await run.host.clock.asleepFor(300_000);
    expect(readLease(run.host.incus.allInstances[0]?.config ?? {})?.owner).toMatch(/^[0-9a-f]{32}$/);
    finish();
    expect(must(await attached).outcome.status).toBe('passed');
  });

  it('starts a job that never began, and waits for it as long as it takes', async () => {
    const run = await memoryRun({ script: async () => 0 });
    const { handler } = run.host.supervisor;
    run.host.incus.execHandler = async function* () {
      yield* [];
      return 1;
    };
    run.host.incus.faults.failNext('exec', 'connection_lost');
    const stop = new AbortController();
    const emit = ({ type }: { readonly type: string }) => type === 'instance_created' && stop.abort();
    must(await run.pikaci.runJob({ ...input, signal: stop.signal, onAbort: 'detach', events: { emit } }));
    run.host.incus.execHandler = handler;
    expect(must(await run.another().attach('run', 'job')).outcome.status).toBe('passed');
  });

  it('that nobody has run says so', async () => {
    const run = await memoryRun();
    mustFail(await run.pikaci.attach('run', 'job'), 'no_such_job');
    mustFail(await run.pikaci.attach('../run', 'job'), 'invalid_job');
  });

  for (const damaged of ['', '{}', '[]', '{"schema_version":2}']) {
    it(`whose record is ${JSON.stringify(damaged)} names the file`, async () => {
      const { run } = await left();
      const path = '/state/runs/run/jobs/job/job.json';
      must(await run.host.localFiles.writeFile(path, Buffer.from(damaged)));
      expect(mustFail(await run.another().attach('run', 'job'), 'local_files').message).toContain(path);
    });
  }
});
