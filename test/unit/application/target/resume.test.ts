import { describe, expect, it } from 'vitest';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../src/domain/config/config.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { Random } from '../../../support/chaos/random.js';
import { MortalRunner } from '../../../support/mortal-runner.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';
import { TargetInMemory } from './target-in-memory.js';

const FIRST_SEED = 2001;
const ROUNDS = 60;
/** As many calls such a run makes, about. */
const CALLS = 500;

const JOBS = [
  { id: 'a', command: 'a 0' },
  { id: 'b', command: 'b 0', dependsOn: ['made'], secrets: { TOKEN: { env: 'TOKEN' } } },
  { id: 'lint', command: 'lint 3', allowFailure: true },
  { id: 'c', command: 'c 0', dependsOn: ['a', 'lint', 'made'] },
  { id: 'bad', command: 'bad 7', dependsOn: ['b'] },
  { id: 'never', command: 'never 0', dependsOn: ['bad'] },
  { id: 'tell', command: 'tell 0', when: 'on_failure' as const },
];
const ENDS = {
  ...{ a: 'passed 0', b: 'passed 0', lint: 'failed 3', c: 'passed 0', bad: 'failed 7' },
  ...{ never: 'skipped null', tell: 'passed 0' },
};

/** A run of two levels and more whose runner is killed at a call that the seed chooses, once or twice, and resumed. Says what is wrong. */
async function round(seed: number, losesState = false): Promise<string[]> {
  const random = new Random(seed);
  const begun = new Map<string, number>();
  const run = await memoryRun({
    script: async ({ request, write }) => {
      const [id = '', code = ''] = request.command?.split(' ') ?? [];
      begun.set(id, (begun.get(id) ?? 0) + 1);
      write(`${id} says this\n`);
      return Number(code);
    },
  });
  const { hostFiles } = run.host.adapters;
  must(await hostFiles.makeDirectory('/opt/sdk/share/pikaci'));
  const mounts = [{ name: 'root', relative_path: '.', guest_path: '/opt/sdk', read_only: true }];
  const manifest = JSON.stringify({ schema_version: 1, kind: 'test', mounts });
  must(await hostFiles.writeFile('/opt/sdk/share/pikaci/payload-manifest.json', Buffer.from(manifest)));
  const config: PikaciConfigInput = {
    host: 'local',
    workDir: '/var/pikaci',
    stateRoot: '/state',
    targets: { t: { prepare: [{ id: 'made', type: 'path', path: '/opt/sdk' }], jobs: JOBS } },
  };
  const env = { TOKEN: 'token-of-the-run' };
  const mortal = () => {
    const one = new MortalRunner({ call: random.whole(1, CALLS), when: random.one(['before', 'after']) });
    const { localFiles, incus, hostFiles: remote, ...rest } = run.host.adapters;
    const adapters = {
      ...rest,
      incus: one.of(incus),
      localFiles: one.of(localFiles),
      hostFiles: one.of(remote),
    };
    return { one, pikaci: must(createPikaci(config, { adapters, env })) };
  };
  const killed = async (one: MortalRunner, lived: Promise<unknown>) => {
    await Promise.race([lived, one.died]);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    run.host.processes.restart('killed');
  };
  const first = mortal();
  const lived = first.pikaci
    .runTarget({ target: 't', workspace: WORKSPACE, runId: 'run', parallel: 2 })
    .then(async (ended) => (ended.isOk() ? await ended.value.cleanUp : undefined));
  await killed(first.one, lived);
  if (random.chance(0.3)) {
    const second = mortal();
    const again = second.pikaci
      .resume('run')
      .then(async (ended) => (ended.isOk() ? await ended.value.cleanUp : undefined));
    await killed(second.one, again);
  }
  const stateRoot = losesState ? '/elsewhere' : '/state';
  if (losesState) must(await run.host.localFiles.remove('/state', { recursive: true }));
  const last = must(createPikaci({ ...config, stateRoot }, { adapters: run.host.adapters, env }));
  const resumed = await last.resume('run', losesState ? { workspace: WORKSPACE } : {});
  if (resumed.isErr()) {
    // Before there was a run.
    const isNone = resumed.error.kind === 'no_such_job' && (begun.size === 0 || losesState);
    return isNone ? [] : [`seed ${seed}: ${resumed.error.kind}: ${resumed.error.message}`];
  }
  await resumed.value.cleanUp;
  await last.close();
  const { localFiles: files, processes } = run.host;
  const record = must(await loadRunRecord({ files, processes }, { stateRoot, runId: 'run' }));
  const left = await run.host.hostFiles.list('/var/pikaci/records');
  const lost = record.jobs.filter(({ message }) => /^the machine is gone/.test(message ?? ''));
  const wrong: string[] = left.unwrapOr([]).map(({ name }) => `${name} stays on the host`);
  const ends = Object.fromEntries(
    record.jobs.map(({ id, status, exit_code: code }) => [id, `${status} ${code}`]),
  );
  for (const [id, end] of Object.entries(ENDS)) {
    // Its runner died while its machine was made, and only that one knew whether it had the job.
    if (losesState && lost.length > 0) {
      if ((begun.get(id) ?? 0) > 1) wrong.push(`${id} began more than once`);
      continue;
    }
    if (ends[id] !== end)
      wrong.push(`${id} is ${ends[id]}: ${record.jobs.find((job) => job.id === id)?.message}`);
    const times = begun.get(id) ?? 0;
    if (times !== (id === 'never' ? 0 : 1)) wrong.push(`${id} began ${times} times`);
  }
  if (record.status !== 'failed') wrong.push(`the run is ${record.status}`);
  const prepared = record.prepare_timings.map(({ node_id }) => node_id);
  const jobs = await run.host.hostFiles.list('/var/pikaci/runs/run/jobs');
  for (const { name } of jobs.unwrapOr([])) {
    // Of a job that never began, the directory is its lease's.
    if (record.jobs.some(({ id, attempt = 1 }) => id === name && attempt === 1))
      wrong.push(`${name} has left its directory on the host`);
  }
  if (prepared.join() !== 'made') wrong.push(`prepared: ${prepared.join()}`);
  return wrong.map((what) => `seed ${seed}: ${what}`);
}

/** A run of one job whose runner is killed while that waits for its host, which is full from then on; the runner that comes after it finds it free. */
async function killedWhileQueued(
  script: (attempt: number) => Promise<number>,
  more: Pick<JobSpecInput, 'retry'>,
  freeFor = 0,
) {
  let begun = 0;
  const run: MemoryRun = await memoryRun({
    script: async () => {
      begun += 1;
      if (begun === freeFor) await fill();
      return await script(begun);
    },
  });
  const machines: { release(): Promise<unknown> }[] = [];
  const fill = async () => {
    machines.push(must(await run.pikaci.openMachine({ id: 'all', limits: { cpu: 2 } })));
  };
  run.host.incus.world.resources = { cpu: 2, memoryBytes: 1024 ** 3 };
  if (freeFor === 0) await fill();
  const job = { id: 'job', command: 'true', requests: { cpu: 1 }, ...more };
  const config: PikaciConfigInput = {
    ...{ host: 'local', workDir: '/var/pikaci', stateRoot: '/state' },
    targets: { t: { jobs: [job] } },
  };
  const one = new MortalRunner({ call: Number.POSITIVE_INFINITY, when: 'before' });
  const { localFiles, incus, hostFiles, ...rest } = run.host.adapters;
  const ports = { incus: one.of(incus), localFiles: one.of(localFiles), hostFiles: one.of(hostFiles) };
  const mortal = must(createPikaci(config, { adapters: { ...rest, ...ports } }));
  const emit = ({ type, ...about }: { readonly type: string; readonly phase?: string }) => {
    if (type === 'phase_started' && about.phase === 'queued') one.kill();
  };
  void mortal.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run', events: { emit } });
  await one.died;
  run.host.processes.restart('killed');
  for (const machine of machines) await machine.release();
  return { run, begun: () => begun, last: must(createPikaci(config, { adapters: run.host.adapters })) };
}

describe('a run that is resumed', () => {
  it(`ends as it would have, ${ROUNDS} times, wherever its runner was killed (seeds from ${FIRST_SEED})`, async () => {
    const wrong: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) wrong.push(...(await round(seed)));
    expect(wrong).toEqual([]);
  }, 300_000);

  it(`ends as it would have without its state root, or says that a job was lost, and runs none twice, ${ROUNDS} times (seeds from ${FIRST_SEED})`, async () => {
    const wrong: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) wrong.push(...(await round(seed, true)));
    expect(wrong).toEqual([]);
  }, 300_000);

  it('runs a job that waited for what it asks of its host, once, and says of none that it was lost', async () => {
    const { run, begun, last } = await killedWhileQueued(async () => 0, {});
    // Nobody starts a machine that waits: it is removed.
    expect((await last.attach('run', 'job'))._unsafeUnwrapErr()).toMatchObject({ kind: 'no_such_job' });
    expect(run.host.incus.allInstances).toEqual([]);
    const resumed = must(await last.resume('run'));
    must(await resumed.cleanUp);
    expect(resumed.record.jobs).toMatchObject([{ id: 'job', status: 'passed' }]);
    expect(begun()).toBe(1);
    expect(run.host.incus.allInstances).toEqual([]);
    await last.close();
  });

  it('keeps the attempts that had ended before one that never began, which is none of those that "retry" allows', async () => {
    const retry = { max: 2, when: ['failed' as const], backoffSecs: 0 };
    const { last, begun } = await killedWhileQueued(async (attempt) => (attempt < 3 ? 1 : 0), { retry }, 1);
    const resumed = must(await last.resume('run'));
    must(await resumed.cleanUp);
    const [job] = resumed.record.jobs;
    expect(job).toMatchObject({ status: 'passed', attempt: 4 });
    expect(job?.earlier_attempts?.map(({ attempt, exit_code: code }) => [attempt, code])).toEqual([
      [1, 1],
      [3, 1],
    ]);
    expect(begun()).toBe(3);
    await last.close();
  });

  it('takes up a job that was left running, and runs what waits for it; not while somebody follows that', async () => {
    let letGo: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const jobs = [
      { id: 'a', command: 'wait' },
      { id: 'b', command: 'true', dependsOn: ['a'] },
    ];
    const target = await TargetInMemory.of(
      { jobs },
      {
        script: async ({ request, write }) => {
          write('says this\n');
          if (request.command === 'wait') await released;
          return 0;
        },
      },
    );
    const stop = new AbortController();
    const emit = ({ type }: { readonly type: string }) => {
      if (type === 'log_bytes') stop.abort();
    };
    must(await target.start({ events: { emit }, onAbort: 'detach', signal: stop.signal }));
    expect((await target.record()).jobs.map(({ status }) => status)).toEqual(['detached', 'skipped']);
    // Its runner lives.
    expect((await target.pikaci.resume('run'))._unsafeUnwrapErr()).toMatchObject({ kind: 'job_in_use' });
    target.host.processes.restart('killed');
    letGo();
    const resumed = must(await target.pikaci.resume('run'));
    must(await resumed.cleanUp);
    expect(resumed.record.jobs.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(resumed.record.status).toBe('passed');
  });

  it('that has ended is given as it ended, and one that goes on, or is not there, is refused', async () => {
    const target = await TargetInMemory.of({ jobs: [{ id: 'a', command: 'a' }] }, { script: async () => 3 });
    await target.run();
    const ended = must(await target.pikaci.resume('run'));
    expect(ended).toMatchObject({
      record: { status: 'failed' },
      jobs: [{ jobId: 'a', kind: 'recorded', record: { status: 'failed', exit_code: 3 } }],
    });
    expect((await target.pikaci.resume('nothing'))._unsafeUnwrapErr()).toMatchObject({ kind: 'no_such_job' });
  });
});

it('goes on with the next attempt of a job whose runner was killed between two', async () => {
  let begun = 0;
  const run = await memoryRun({
    script: async () => {
      begun += 1;
      return begun === 1 ? null : 0;
    },
  });
  const retry = { max: 1, when: ['lost' as const], backoffSecs: 60 };
  const definition = { jobs: [{ id: 'j', command: 'true', retry }] };
  const life = new MortalRunner({ call: Number.POSITIVE_INFINITY, when: 'before' });
  const { localFiles, hostFiles, incus, ...rest } = run.host.adapters;
  const ports = { localFiles: life.of(localFiles), hostFiles: life.of(hostFiles), incus: life.of(incus) };
  const config = { host: 'local' as const, workDir: '/var/pikaci', stateRoot: '/state' };
  const runner = must(createPikaci(config, { adapters: { ...rest, ...ports } }));
  let hasRetried = () => {};
  const retried = new Promise<void>((resolve) => {
    hasRetried = resolve;
  });
  const events = { emit: ({ type }: { type: string }) => void (type === 'job_retried' && hasRetried()) };
  void runner.runTarget({ target: 't', definition, workspace: WORKSPACE, runId: 'run', events });
  await retried;
  await run.host.clock.asleepFor(60_000);
  life.kill();
  run.host.processes.restart('killed');
  const { localFiles: files, processes } = run.host;
  const found = must(await loadRunRecord({ files, processes }, { stateRoot: '/state', runId: 'run' }));
  expect(found.status).toBe('interrupted');
  const resumed = new Promise<void>((resolve) => {
    hasRetried = resolve;
  });
  const going = run.another().resume('run', { events });
  await resumed;
  await run.host.clock.advance(70_000);
  const { record, cleanUp } = must(await going);
  must(await cleanUp);
  expect(record.jobs.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(['passed 2']);
  expect(begun).toBe(2);
  expect(run.host.incus.allInstances).toEqual([]);
});
