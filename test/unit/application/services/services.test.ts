import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import { listenersOf } from '../../../../src/application/services/listeners.js';
import { serviceMachineId } from '../../../../src/application/services/service-machine.js';
import type { ServiceRun } from '../../../../src/application/services/service-run.js';
import { type StartService, whenReady } from '../../../../src/application/services/start-service.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';
import { serviceSpecSchema } from '../../../../src/domain/machine/service-spec.js';
import { jobIdSchema } from '../../../../src/domain/values/identifier.js';
import { onAbort } from '../../../../src/streams/on-abort.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, STATE, WORKSPACE } from '../memory-run.js';
import { TargetInMemory } from '../target/target-in-memory.js';

const refused = (services: unknown, more: object = {}) =>
  jobSpecSchema.safeParse({ id: 'j', command: 'true', services, ...more }).error?.issues[0];

describe('a service', () => {
  it('is described by a name, what it is made from, and when it is ready', () => {
    expect(refused([{ name: 'db', ready: { tcp: 5432 } }])).toBeUndefined();
    expect(refused([{ name: 'Db' }])?.path).toEqual(['services', 0, 'name']);
    expect(refused([{ name: 'localhost' }])?.message).toContain('machine itself');
    expect(refused([{ name: 'db', aliases: ['localhost'] }])?.message).toContain('machine itself');
    expect(refused([{ name: '../x' }])?.path).toEqual(['services', 0, 'name']);
    expect(refused([{ name: 'db' }, { name: 'x', aliases: ['db'] }])?.path).toEqual([
      'services',
      1,
      'aliases',
    ]);
    expect(refused([{ name: 'db', ready: { tcp: 1, log: 'x' } }])?.message).toContain('one of');
    expect(refused([{ name: 'db', image: 'a', template: 'b' }])?.message).toContain('not from both');
    expect(refused([{ name: 'db', secrets: ['T'] }])?.message).toContain('the job has no secret T');
    expect(refused([{ name: 'db', secrets: ['T'] }], { secrets: { T: 'a secret' } })).toBeUndefined();
    expect(refused([{ name: 'db', ready: { tcp: 70_000 } }])?.path).toEqual(['services', 0, 'ready', 'tcp']);
  });

  it('has a machine of its own name, whatever the names of its job and itself are', () => {
    const [job, name] = ['j'.repeat(64), 's'.repeat(63)];
    expect(jobIdSchema.safeParse(serviceMachineId(job, name)).success).toBe(true);
    expect(serviceMachineId(job, name)).not.toBe(serviceMachineId(`${job.slice(1)}k`, name));
  });

  it('is ready at a port when the job reaches what listens there', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
      '   1: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2',
      '   2: 030012C6:0050 040012C6:C350 01 00000000:00000000 00:00000000 00000000     0        0 3',
      '   0: 00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 0A 0 0 0',
      '   1: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 0 0 0',
    ].join('\n');
    expect(listenersOf(table, 5432)).toEqual(['127.0.0.1', '::1']);
    expect(listenersOf(table, 6379)).toEqual(['0.0.0.0']);
    expect(listenersOf(table, 80)).toEqual([]);
    expect(listenersOf(table, 81)).toEqual(['::']);
  });
  it('is not ready while its command still runs, and the reason says so', async () => {
    const clock = new MemoryClock();
    const spec = serviceSpecSchema.parse({ name: 'db', command: 'x', ready: { command: 'hang' } });
    const hangs = (signal: AbortSignal) =>
      new Promise((resolve) =>
        onAbort(signal, () => resolve(err({ kind: 'cancelled', message: 'cut off' }))),
      );
    const input = {
      parts: { ports: { clock } },
      spec,
      service: {},
      seat: { address: '198.18.0.3', hosts: [] },
      networks: { run: (_: unknown, __: unknown, signal: AbortSignal) => hangs(signal) },
      signal: new AbortController().signal,
    } as unknown as StartService;
    const ready = whenReady({ ended: new Promise(() => {}) } as unknown as ServiceRun, input);
    await clock.advance(60_000);
    expect(must(await ready)).toBe('was not ready within 60 s: the command "hang" has not ended');
  });
});

describe('the services of a job', () => {
  const job = {
    id: 'job',
    command: 'true',
    secrets: { TOKEN: 'the-token-of-the-db', OTHER: 'of-the-job-alone' },
    services: [{ name: 'db', command: 'serve', secrets: ['TOKEN'], ready: { log: 'up' } }],
  };
  const call = { job, workspace: WORKSPACE, runId: 'run' } as const;

  it('get their secrets alone, are masked, and are gone with it, and so is their network', async () => {
    const given: unknown[] = [];
    const run = await memoryRun({
      script: async (control) => {
        if (control.request.command !== 'serve') return 0;
        given.push(control.secrets);
        control.write('the-token-of-the-db is up\n');
        await control.cancelled;
        return 0;
      },
    });
    // As Incus does when another machine's interface goes while it looks at all of them.
    for (let n = 0; n < 3; n++) run.host.incus.faults.failNext('createNetwork', 'server_error');
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...call, events: run.sink }));
    expect(outcome).toMatchObject({ status: 'passed', services: [{ name: 'db', status: 'running' }] });
    expect(run.host.incus.world.networks.size).toBe(1);
    must(await cleanUp);
    expect(given).toEqual([{ TOKEN: 'the-token-of-the-db' }]);
    expect(await run.state('services/db/guest.log')).toBe('*** is up\n');
    expect(await run.state('job.json')).not.toContain('the-token');
    expect(run.host.incus.allInstances).toEqual([]);
    expect(run.host.incus.world.networks.size).toBe(0);
  });

  it('whose runner was killed while a cluster was told of their network leave none to the next reaper', async () => {
    const { host, pikaci } = await memoryRun({});
    const pending = (name: string, description: string) =>
      host.incus.world.networks.set(name, {
        ...{ name, type: 'bridge', managed: true, config: {}, status: 'Pending', description },
      });
    pending('pks-0000000001', 'pikaci run/job until 1');
    pending('pks-0000000002', 'pikaci run/job until 99999999999999');
    pending('br1', 'the bridge of an operator');
    must(await pikaci.reap());
    expect([...host.incus.world.networks.keys()].sort()).toEqual(['br1', 'pks-0000000002']);
  });

  it('that end before they are ready say once what they said last, also with what comes from a terminal', async () => {
    const run = await memoryRun({
      script: async ({ request, write }) => {
        if (request.command === 'serve') write('starting\nno such \u001b[2Jdirectory\n');
        return request.command === 'serve' ? 1 : 0;
      },
    });
    const { outcome } = must(await run.pikaci.runJob({ ...call, events: run.sink }));
    expect(outcome).toMatchObject({ cause: 'services', services: [{ name: 'db', status: 'not_ready' }] });
    const warnings = run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings.filter((warning) => warning.startsWith('db | '))).toEqual([
      'db | starting',
      expect.stringMatching(/^db \| no such .*directory$/),
    ]);
  });

  it('are refused on a microVM, and from a template outside the run of a target', async () => {
    const run = await memoryRun();
    const fault = mustFail(await run.another({ backend: 'microvm' }).runJob(call), 'invalid_job');
    expect(fault).toMatchObject({ field: 'job.services' });
    const services = [{ name: 'db', template: 'pg' }];
    const other = mustFail(await run.pikaci.runJob({ ...call, job: { ...job, services } }), 'invalid_job');
    expect(other.message).toContain('template "pg"');
  });

  it('leave nothing where the client may make no networks, and say what to configure', async () => {
    const run = await memoryRun();
    const { world } = run.host.incus;
    world.addProject('r', {
      restricted: 'true',
      'restricted.networks.access': 'br0,svc1',
      'restricted.devices.disk': 'allow',
    });
    world.addProfile('r', 'default', { root: { type: 'disk', path: '/', pool: 'default' } });
    world.addImage('r', 'pikaci/dev');
    const fault = mustFail(await run.another({ incus: { project: 'r' } }).runJob(call), 'incus');
    expect(fault).toMatchObject({ phase: 'start_services' });
    expect(fault.message).toContain('incus.serviceNetworks');
    expect(run.host.incus.allInstances).toEqual([]);
    expect((await run.host.localFiles.stat(`${STATE}/job.json`)).isErr()).toBe(true);
  });

  it('are removed with their job and network by whoever looks for one whose runner died while they started', async () => {
    let starts = () => {};
    const started = new Promise<void>((resolve) => {
      starts = resolve;
    });
    const target = await TargetInMemory.of(
      { jobs: [{ ...job, secrets: {}, services: [{ name: 'db', command: 'serve', ready: { log: 'up' } }] }] },
      {
        script: async ({ cancelled }) => {
          starts();
          await cancelled;
          return 0;
        },
      },
    );
    const running = target.start();
    await started;
    const { host, pikaci } = target;
    expect([host.incus.allInstances.length, host.incus.world.networks.size]).toEqual([2, 1]);
    host.processes.restart('killed');
    const { localFiles: files, processes } = host;
    const read = must(await loadRunRecord({ files, processes }, { stateRoot: '/state', runId: 'run' }));
    expect(read.jobs[0]?.message).toContain('"pikaci attach run job" removes the machines');
    mustFail(await pikaci.attach('run', 'job', {}), 'no_such_job');
    expect([host.incus.allInstances.length, host.incus.world.networks.size]).toEqual([0, 0]);
    must(await must(await running).cleanUp);
  });

  it('are removed as well where the runner died before the job had a record', async () => {
    const run = await memoryRun();
    const { incus, adapters, scanner, processes } = run.host;
    const cancel = new AbortController();
    // The job's own machine waits for its workspace, which never comes.
    const never = new Promise<void>((resolve) => onAbort(cancel.signal, resolve));
    const pikaci = must(
      createPikaci(
        { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' },
        {
          adapters: {
            ...adapters,
            scanner: {
              scan: (...of) => never.then(() => scanner.scan(...of)),
              revision: (...of) => scanner.revision(...of),
              changedSince: (...of) => scanner.changedSince(...of),
            },
          },
        },
      ),
    );
    const isMade = new Promise<void>((resolve) => {
      const emit = ({ type }: PikaciEvent) => (type === 'service_started' ? resolve() : undefined);
      void pikaci.runJob({ ...call, signal: cancel.signal, events: { emit } });
    });
    await isMade;
    expect(incus.allInstances).toHaveLength(1);
    processes.restart('killed');
    mustFail(await run.pikaci.attach('run', 'job'), 'no_such_job');
    expect(incus.allInstances).toEqual([]);
    cancel.abort();
    await pikaci.close();
  });

  it('leave no network behind whose making was broken off, or that could not be joined', async () => {
    for (const broken of ['cancelled', 'not joined'] as const) {
      const run = await memoryRun();
      const cancel = new AbortController();
      const { incus } = run.host;
      const { networks } = incus.world;
      const set = networks.set.bind(networks);
      networks.set = (name, network) => {
        if (broken === 'cancelled') cancel.abort();
        return set(name, network);
      };
      if (broken === 'not joined') incus.faults.failNext('patchInstance', 'connection_lost');
      const ended = await run.pikaci.runJob({ ...call, signal: cancel.signal });
      expect(ended.isErr() && ended.error.phase).toBe('start_services');
      expect([incus.allInstances.length, networks.size]).toEqual([0, 0]);
    }
  });

  it('give back what was made where there is no room for all, as others may wait for it, and come again', async () => {
    const clock = new MemoryClock();
    const run = await memoryRun({
      clock,
      script: async ({ request, write, cancelled }) => {
        if (request.command !== 'serve') return 0;
        write('up\n');
        await cancelled;
        return 0;
      },
    });
    const { incus } = run.host;
    const project = incus.world.projects.get('default');
    if (project !== undefined) project.config = { ...project.config, 'limits.instances': '2' };
    const other = run.another();
    const held = must(await other.openMachine({}));
    const left: number[] = [];
    const emit = (event: PikaciEvent) => {
      if (event.type !== 'warning' || !event.message.includes('are given back')) return;
      left.push(incus.allInstances.length);
      void held.release();
    };
    const running = run.pikaci.runJob({ ...call, events: { emit } });
    let isOver = false;
    void running.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(2500);
    }
    const { outcome, cleanUp } = must(await running);
    must(await cleanUp);
    expect(outcome.status).toBe('passed');
    // That of the other one.
    expect(left[0]).toBe(1);
  });

  it('are not waited for where the project never has room for all of them', async () => {
    const run = await memoryRun();
    const project = run.host.incus.world.projects.get('default');
    if (project !== undefined) project.config = { ...project.config, 'limits.instances': '1' };
    const fault = mustFail(await run.pikaci.runJob(call), 'incus');
    expect(fault.message).toBe(
      '2 machines are needed at once, and limits.instances of the project is 1, so they are not waited for: raise it',
    );
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('are each on one of the networks that are named, which stay', async () => {
    const on: unknown[] = [];
    const run = await memoryRun({
      script: async (control) => {
        if (control.request.command === 'serve') {
          control.write('up\n');
          await control.cancelled;
        } else on.push(run.host.incus.allInstances.map(({ devices }) => devices['svc0']?.['network']).sort());
        return 0;
      },
    });
    const { world } = run.host.incus;
    for (const name of ['svc1', 'svc2'])
      world.networks.set(name, { name, type: 'bridge', managed: true, config: {} });
    const pikaci = run.another({ incus: { serviceNetworks: ['svc1', 'svc2'] } });
    for (const runId of ['a', 'b', 'c']) {
      const { outcome, cleanUp } = must(await pikaci.runJob({ ...call, runId }));
      must(await cleanUp);
      expect(outcome.status).toBe('passed');
    }
    for (const names of on)
      expect([
        ['svc1', 'svc1'],
        ['svc2', 'svc2'],
      ]).toContainEqual(names);
    expect([...world.networks.keys()]).toEqual(['svc1', 'svc2']);
    expect(run.host.incus.allInstances).toEqual([]);
    const untrusted = run.another({ incus: { serviceNetworks: ['svc1'] }, trust: 'untrusted' });
    mustFail(await untrusted.runJob({ ...call, runId: 'd' }), 'not_trusted');
  });
});
