import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PikaciEvent } from '../../src/index.js';
import type { HostsDocument } from '../../src/schemas.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { inEachImage } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

inEachImage(({ guest }) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ ...(guest && { guest }) });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  describe.concurrent('a limit on', () => {
    it('memory ends what takes more', async () => {
      const { run } = await site.finish({
        command: `awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 400000000) s = s s; print length(s) }'`,
        limits: { memory: '100MiB' },
      });
      expect(run.outcome).toMatchObject({
        status: 'failed',
        cause: 'oom',
        exit_code: 137,
        message: 'the command ended with status 137: the memory limit of 100 MiB killed 1 process',
      });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('memory is said to be the cause also when only children were killed, and of what passes all the same', async () => {
      const eat = `awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 400000000) s = s s; print length(s) }'`;
      const limits = { memory: '100MiB' };
      const steps = [
        { id: 'passes', command: `${eat} || echo survived` },
        { id: 'fails', command: `(${eat}; ${eat}) || exit 5`, shell: 'sh' },
        { id: 'after', command: 'exit 6', if: 'always' as const },
      ];
      const events = new EventRecorder();
      const run = must(
        await site.pikaci.runJob({
          job: { id: 'j', timeoutSecs: 300, steps, limits },
          workspace: site.workspace,
          runId: site.newRunId(),
          events,
        }),
      );
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({
        status: 'failed',
        cause: 'oom',
        exit_code: 5,
        message: 'the step fails ended with status 5: the memory limit of 100 MiB killed 2 processes',
      });
      expect(run.outcome.steps?.map(({ cause }) => cause)).toEqual(['exit', 'oom', 'exit']);
      expect(events.of('warning').map(({ message }) => message)).toEqual([
        expect.stringContaining('the memory limit of 100 MiB killed 1 process'),
      ]);
    });

    it('processes stops a job that makes too many', async () => {
      const { run, log } = await site.finish({
        command: 'i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i + 1)); done; echo all; kill $(jobs -p)',
        limits: { processes: 60 },
      });
      expect(log.toString()).toMatch(/fork|Resource temporarily unavailable/i);
      expect(log.toString()).not.toMatch(/^all$/m);
      expect(run.outcome.status).toBe('failed');
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('processes and memory is there where nobody has asked for one', async () => {
      await using machine = must(await site.pikaci.openMachine());
      let printed = '';
      const onOutput = (data: Uint8Array) => {
        printed += Buffer.from(data).toString();
      };
      must(await machine.run({ command: "awk '/MemTotal:/ { print $2 }' /proc/meminfo", onOutput }));
      const hosts = await site.onHost("awk '/MemTotal:/ { print $2 }' /proc/meminfo");
      // Incus counts the memory of the hardware, of which the kernel keeps some.
      expect(Number(printed) / Number(hosts)).toBeCloseTo(0.8, 1);
      const instances = must(await site.incus.instances(site.host.project));
      const own = instances.filter(({ config }) => Object.values(config).includes(machine.id));
      expect(own.map(({ config }) => config['limits.processes'])).toEqual(['8192']);
    });

    it('the disk stops a job that fills it', async () => {
      const { run } = await site.finish({
        command:
          '(head -c 900000000 /dev/zero >/artifacts/large && sync) 2>/dev/null && exit 0; rm /artifacts/large; exit 5',
        limits: { disk: '600MiB' },
      });
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 5 });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('the disk leaves a job its result when the disk stays full', async () => {
      const command = 'echo before; (cat /dev/zero >/var/tmp/large || sync) 2>/dev/null; exit 5';
      const { run, log } = await site.finish({ command, limits: { disk: '600MiB' } });
      expect(log.toString()).toBe('before\n');
      expect(run.outcome).toMatchObject({
        status: 'failed',
        cause: 'disk_full',
        exit_code: 5,
        message: 'the command ended with status 5: the disk of the guest is full',
      });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('the disk leaves an open machine that can free it, and whoever runs a step is told of the log', async () => {
      await writeConfig(site, {});
      const id = `full-${randomBytes(3).toString('hex')}`;
      const machine = (...args: string[]) => commandLine(site, ['machine', ...args]).end;
      expect(
        (await machine('open', '--id', id, '--workspace', site.workspace, '--disk', '600MiB')).code,
      ).toBe(0);
      const command = 'cat /dev/zero >/var/tmp/large || sync; seq 1 200000 && exit 5';
      const filled = await machine('run', '--as-root', '--step', 'fill', id, command);
      expect(filled.code).toBe(5);
      expect(filled.stderr).toContain(
        'warning: the step fill: its log could not be written to its end: the disk of the guest is full\n',
      );
      const file = join(site.directory, 'two-mib');
      await writeFile(file, Buffer.alloc(2 * 1024 * 1024, 'x'));
      const sent = await machine('cp', file, `${id}:/var/tmp/sent`);
      expect([sent.code, sent.stderr]).toEqual([3, expect.stringContaining('the disk of the guest is full')]);
      const freed = await machine('run', '--as-root', id, 'rm /var/tmp/large; sync; echo freed');
      expect([freed.code, freed.stdout]).toEqual([0, 'freed\n']);
      const again = await machine('cp', file, `${id}:/var/tmp/sent`);
      expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining('full')]);
      for (const [path, why] of [
        [
          'rel.txt',
          'is read-only: send it elsewhere, or open a machine with a writable workspace (--writable)',
        ],
        ['/proc/x', 'nothing can be made in /proc'],
        ['/sys/x', 'may not write to /sys'],
      ])
        expect((await machine('cp', file, `${id}:${path}`)).stderr).toContain(why);
      expect((await machine('close', id)).code).toBe(0);
    });

    it('cores shows in the machine', async () => {
      const { log } = await site.finish({ command: 'nproc', limits: { cpu: 1 } });
      expect(log.toString()).toBe('1\n');
    });
  });
});

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

describe('a virtual machine on a host that cannot run one', () => {
  it('is refused with what the daemon says, and nothing is left', async () => {
    const runId = site.newRunId();
    const job = { id: 'j', command: 'true', instanceType: 'virtual-machine' } as const;
    const fault = mustFail(
      await site.pikaci.runJob({ job, workspace: site.workspace, runId }),
      'incus',
      'invalid_job',
    );
    expect(fault.message).toMatch(/virtual-machine|type|QEMU/i);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});

describe('an extra profile', () => {
  it('is applied after the configured one', async () => {
    const name = `extra-${site.newRunId()}`;
    const { project } = site.host;
    await site.onHost(
      'incus profile create "$1" --project "$2" && incus profile set "$1" environment.FROM_PROFILE=yes environment.MINE=theirs environment.PATH=/opt/x:/usr/bin environment.HOME=/x user.x=y limits.cpu=1 --project "$2"',
      name,
      project,
    );
    try {
      const show = 'nproc; echo "$FROM_PROFILE $MINE $HOME"; echo "$PATH"';
      const { log } = await site.finish({ command: show, extraProfiles: [name], env: { MINE: 'mine' } });
      expect(log.toString()).toMatch(/^1\nyes mine \/home\/pikaci\n\/opt\/x:\/usr\/bin:.*\/usr\/local\/bin/);
    } finally {
      await site.onHost('incus profile delete "$1" --project "$2"', name, project);
    }
  });
});

it('a limit of the project is waited for, and one that the job alone is above is not', async () => {
  const project = `quota-${randomBytes(4).toString('hex')}`;
  const shared = ['images', 'profiles', 'networks', 'storage.volumes', 'storage.buckets'];
  const features = shared.map((feature) => `-c features.${feature}=false`).join(' ');
  await site.onHost(`incus project create "$1" ${features} -c limits.containers=1 </dev/null`, project);
  const { incus } = site.config();
  try {
    await using pikaci = site.open({ incus: { ...incus, project } });
    const other = must(await pikaci.openMachine({ id: site.newRunId() }));
    const phases: string[] = [];
    const events = {
      emit: (event: PikaciEvent) => {
        if (event.type === 'phase_started') phases.push(event.phase);
        if (event.type === 'phase_started' && event.phase === 'queued') void other.release();
      },
    };
    const at = () => ({ workspace: site.workspace, runId: site.newRunId() });
    const run = must(await pikaci.runJob({ ...at(), job: { id: 'j', command: 'true' }, events }));
    expect(run.outcome.status).toBe('passed');
    expect(phases.slice(phases.indexOf('launch_guest')).slice(0, 3)).toEqual([
      'launch_guest',
      'queued',
      'launch_guest',
    ]);
    must(await run.cleanUp);
    const failed: string[] = [];
    const made: string[] = [];
    const runId = site.newRunId();
    const watch = {
      emit: (event: PikaciEvent) => {
        if (event.type === 'phase_finished' && !event.ok) failed.push(`${event.job_id}: ${event.phase}`);
        if (event.type === 'instance_created') made.push(event.job_id);
      },
    };
    const several = ['a', 'b', 'c', 'd'].map(async (id) => {
      const job = { id, command: 'true' };
      const ended = must(await pikaci.runJob({ workspace: site.workspace, runId, job, events: watch }));
      must(await ended.cleanUp);
      return ended.outcome.status;
    });
    expect(await Promise.all(several)).toEqual(['passed', 'passed', 'passed', 'passed']);
    expect(failed).toEqual([]);
    // Who came first is not seen from here; that they go by it is a unit test's.
    expect(made.sort()).toEqual(['a', 'b', 'c', 'd']);
    await site.onHost('incus project set "$1" limits.memory=64MiB </dev/null', project);
    const job = { id: 'j', command: 'true', limits: { memory: '128MiB' } };
    const fault = mustFail(await pikaci.runJob({ ...at(), job }), 'incus');
    expect(fault.message).toContain('this machine alone asks for 128MiB, so it is not waited for');
  } finally {
    await site.onHost('incus project delete "$1" </dev/null', project);
  }
});

it('a host is waited for that has no room for what a job asks, over all runners', async () => {
  const { incus } = site.config();
  const capable = { incus: { ...incus, capacity: { cpu: 3 } } };
  await using first = site.open(capable);
  await using second = site.open(capable);
  const machine = must(await first.openMachine({ id: site.newRunId(), requests: { cpu: 2 } }));
  const told: string[] = [];
  const made: string[] = [];
  let seen: HostsDocument | null = null;
  const watch = (id: string, then: () => void) => ({
    emit: (event: PikaciEvent) => {
      if (event.type === 'warning') told.push(event.message);
      if (event.type === 'instance_created') made.push(id);
      if (event.type === 'phase_started' && event.phase === 'queued') then();
    },
  });
  const run = (pikaci: typeof first, id: string, more: object, then: () => void) =>
    pikaci.runJob({
      workspace: site.workspace,
      runId: site.newRunId(),
      job: { id, command: 'true', ...more },
      events: watch(id, then),
    });
  // The first that waits has its place there; the second, of another runner, passes it by its priority.
  let late: ReturnType<typeof run> | null = null;
  const early = run(first, 'early', { requests: { cpu: 3 } }, () => {
    late ??= run(second, 'late', { requests: { cpu: 2 }, priority: 1 }, () => {
      void first.lookAtHosts().then((document) => {
        seen = document;
        return machine.release();
      });
    });
  });
  const free = must(await run(first, 'small', { requests: { cpu: 1 }, priority: 2 }, () => undefined));
  expect(free.outcome.status).toBe('passed');
  const ended = [must(await early), must(await (late as unknown as typeof early))];
  for (const { outcome, cleanUp } of ended) {
    expect(outcome.status).toBe('passed');
    must(await cleanUp);
  }
  expect(seen).toMatchObject({
    hosts: [
      {
        state: 'online',
        problems: [],
        has: { cpu: 3 },
        machines: expect.arrayContaining([
          expect.objectContaining({ state: 'running', asks: { cpu: 2, memory_bytes: 0 } }),
        ]),
        queue: [
          { job_id: 'late', place: 1, priority: 1 },
          {
            job_id: 'early',
            place: 2,
            priority: 0,
            reason: expect.stringMatching(/^it asks for 3 cores; of 3 cores/),
          },
        ],
        free_disk_bytes: expect.any(Number),
        snapshots: expect.any(Number),
        templates: expect.any(Array),
        caches: expect.any(Array),
      },
    ],
  });
  expect(made).toEqual(['small', 'late', 'early']);
  expect(told[0]).toMatch(/the queue of the host: place 1: it asks for 3 cores; of 3 cores /);
  expect(await site.leftovers()).toEqual(NOTHING_LEFT);
});

it('a limit of the disk is refused on a pool that would not keep it, and doctor says so', async () => {
  const name = `dir-${randomBytes(4).toString('hex')}`;
  const { host } = site;
  const make = `exec </dev/null; incus storage create "$1" dir && incus profile create "$1" --project "$2" &&
    incus profile device add "$1" root disk path=/ pool="$1" --project "$2"`;
  await site.onHost(make, name, host.project);
  try {
    const { incus } = site.config();
    const pikaci = site.open({ incus: { ...incus, profile: name, limits: { disk: '600MiB' } } });
    const runId = site.newRunId();
    const job = { id: 'j', command: 'true' };
    const fault = mustFail(await pikaci.runJob({ job, workspace: site.workspace, runId }), 'invalid_job');
    expect(fault).toMatchObject({ phase: 'prepare_runtime', field: 'job.limits.disk' });
    expect(fault.message).toContain(`the pool ${name} has the driver dir`);
    const { checks } = await pikaci.doctor();
    expect(checks.find((check) => check.name === 'storage_pool')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/^incus\.limits\.disk is 600MiB, and containers with it are refused/),
    });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  } finally {
    const end = 'exec </dev/null; incus profile delete "$1" --project "$2"; incus storage delete "$1"';
    await site.onHost(end, name, host.project);
  }
});
