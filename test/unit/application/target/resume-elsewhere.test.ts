import { expect, it } from 'vitest';
import type { Pikaci } from '../../../../src/application/api/pikaci.js';
import { findTarget } from '../../../../src/application/target/find-target.js';
import { whyNotOurs } from '../../../../src/application/target/why-not-ours.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../src/domain/config/config.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import type { RunEvent } from '../../../../src/domain/events/run-event.js';
import { makePlan } from '../../../../src/domain/target/plan.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { MortalRunner } from '../../../support/mortal-runner.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const RECORDS = '/var/pikaci/records';
const JOBS = [
  { id: 'a', command: 'wait' },
  { id: 'b', command: 'true', dependsOn: ['a'] },
];

interface Left {
  readonly run: MemoryRun;
  /** What was begun, in order. */
  readonly begun: string[];
  letGo(): void;
  /** Another machine's pikaci, with no state of the run. */
  elsewhere(more?: Partial<PikaciConfigInput>): Pikaci;
  /** What the first runner told, and how it ended. */
  readonly told: string[];
  readonly first: Promise<unknown>;
}

/** A run whose first job waits, of a runner that is killed there, or cut off. */
async function left(how: 'killed' | 'cut off', jobs: readonly object[] = JOBS, runId = 'run'): Promise<Left> {
  const begun: string[] = [];
  let letGo: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const run = await memoryRun({
    script: async ({ request, write }) => {
      begun.push(request.command ?? '');
      write('says this\n');
      if (request.command === 'wait') await released;
      return 0;
    },
  });
  const config = {
    host: 'local',
    workDir: '/var/pikaci',
    targets: { t: { jobs } },
  } as unknown as PikaciConfigInput;
  const env = { TOKEN: 'value-of-it' };
  const elsewhere = (more: Partial<PikaciConfigInput> = {}) =>
    must(createPikaci({ ...config, stateRoot: '/elsewhere', ...more }, { adapters: run.host.adapters, env }));
  const told: string[] = [];
  const one = new MortalRunner({ call: Number.POSITIVE_INFINITY, when: 'before' });
  const { localFiles, incus, hostFiles, ...rest } = run.host.adapters;
  const mortal =
    how === 'killed'
      ? { incus: one.of(incus), localFiles: one.of(localFiles), hostFiles: one.of(hostFiles) }
      : { incus, localFiles, hostFiles };
  const pikaci = must(
    createPikaci({ ...config, stateRoot: '/state' }, { adapters: { ...rest, ...mortal }, env }),
  );
  let began = () => {};
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const emit = (event: PikaciEvent) => {
    if (event.type === 'log_bytes') began();
  };
  const emitRun = (event: RunEvent) => {
    if (event.type === 'run_warning') told.push(event.message);
  };
  const first = pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId, events: { emit, emitRun } });
  await hasBegun;
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  if (how === 'killed') one.kill();
  run.host.processes.restart(how === 'killed' ? 'killed' : 'elsewhere');
  return { run, begun, letGo, elsewhere, told, first };
}

async function names(run: MemoryRun): Promise<readonly string[]> {
  const listed = await run.host.hostFiles.list(RECORDS);
  return listed.unwrapOr([]).map(({ name }) => name);
}

it('goes on on another machine, with the files that the host has, and leaves nothing there', async () => {
  const { run, begun, letGo, elsewhere } = await left('killed');
  const pikaci = elsewhere();
  expect(must(await pikaci.keptRuns())).toMatchObject([
    { runId: 'run', target: 't', openJobs: 2, jobs: 2, lives: false },
  ]);
  letGo();
  const resumed = must(await pikaci.resume('run'));
  must(await resumed.cleanUp);
  expect(resumed.record).toMatchObject({
    status: 'passed',
    jobs: [{ status: 'passed' }, { status: 'passed' }],
  });
  expect(resumed.record.source_root).not.toBe(WORKSPACE);
  expect(begun).toEqual(['wait', 'true']);
  expect(await names(run)).toEqual([]);
  const log = must(await run.host.localFiles.readFile('/elsewhere/runs/run/jobs/a/guest.log'));
  expect(Buffer.from(log).toString()).toBe('says this\n');
  // Where it began, nobody takes it for a run that waits to be resumed.
  expect((await run.another().resume('run'))._unsafeUnwrapErr()).toMatchObject({ kind: 'superseded' });
});

it('refuses a run whose runner gives signs of life, until it has given none for long', async () => {
  const { run, letGo, elsewhere, first } = await left('cut off');
  const refused = (await elsewhere().resume('run'))._unsafeUnwrapErr();
  expect(refused).toMatchObject({ kind: 'job_in_use', field: 'run' });
  expect(refused.message).toContain('the process 1 of memory');
  expect((await run.host.localFiles.lstat('/elsewhere/runs/run')).isErr()).toBe(true);
  letGo();
  await first;
});

it('a runner that was cut off ends its part when another has the run, and touches nothing of it', async () => {
  const { run, begun, letGo, elsewhere, first, told } = await left('cut off');
  // Its clock and the host's go on, and it can say nothing.
  const [name = ''] = await names(run);
  const path = `${RECORDS}/${name}/runner.json`;
  const ticket = JSON.parse(Buffer.from(must(await run.host.hostFiles.readFile(path))).toString());
  const old = Buffer.from(JSON.stringify({ ...ticket, expires_at_ms: 1 }));
  must(await run.host.hostFiles.writeFile(path, old));
  const other = elsewhere().resume('run');
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
  letGo();
  const [ended, own] = await Promise.all([other, first as Promise<{ isOk(): boolean }>]);
  const resumed = must(ended);
  must(await resumed.cleanUp);
  expect(resumed.record.status).toBe('passed');
  expect(begun).toEqual(['wait', 'true']);
  expect(own.isOk()).toBe(true);
  expect(told.join('\n')).toContain('this runner has lost the run run');
  expect(await names(run)).toEqual([]);
});

it('says which of several runs of one id is meant', async () => {
  const { run, elsewhere, letGo } = await left('killed');
  const [name = ''] = await names(run);
  const { hostFiles } = run.host;
  const other = `${RECORDS}/run.${'0'.repeat(32)}`;
  must(await hostFiles.makeDirectory(`${other}/jobs`));
  for (const file of ['run.json', 'plan.json', 'runner.json'])
    must(
      await hostFiles.writeFile(
        `${other}/${file}`,
        must(await hostFiles.readFile(`${RECORDS}/${name}/${file}`)),
      ),
    );
  const refused = (await elsewhere().resume('run'))._unsafeUnwrapErr();
  expect(refused).toMatchObject({ kind: 'run_exists', field: 'id' });
  expect(refused.message).toContain('00000000 (t, of ');
  expect((await elsewhere().resume('run', { id: 'xyz' }))._unsafeUnwrapErr()).toMatchObject({ field: 'id' });
  letGo();
  const id = name.split('.')[1]?.slice(0, 8) ?? '';
  const resumed = must(await elsewhere().resume('run', { id }));
  must(await resumed.cleanUp);
  expect(resumed.record.status).toBe('passed');
  expect(await names(run)).toEqual([`run.${'0'.repeat(32)}`]);
});

const FILES = ['run.json', 'plan.json', 'jobs/a.json'] as const;
const HOSTILE: readonly (readonly [string, (typeof FILES)[number], (text: string) => string])[] = [
  ['is no JSON', 'run.json', () => '{'],
  ['is of another run', 'plan.json', (text) => text.replaceAll('"run_id":"run"', '"run_id":"other"')],
  ['has an id that leads out', 'run.json', (text) => text.replaceAll('"id":"a"', '"id":"../../../etc"')],
  ['has one job twice', 'run.json', (text) => text.replaceAll('"id":"b"', '"id":"a"')],
  ['is of another job', 'jobs/a.json', (text) => text.replaceAll('"job_id":"a"', '"job_id":"b"')],
  ['has no job that can be read', 'jobs/a.json', () => '[]'],
];

it.each(HOSTILE)('a host whose copy %s brings nothing into the state root', async (_, file, change) => {
  const { run, elsewhere, letGo } = await left('killed');
  const [name = ''] = await names(run);
  const path = `${RECORDS}/${name}/${file}`;
  const text = Buffer.from(must(await run.host.hostFiles.readFile(path))).toString();
  must(await run.host.hostFiles.writeFile(path, Buffer.from(change(text))));
  const refused = (await elsewhere().resume('run'))._unsafeUnwrapErr();
  expect(['host_files', 'no_such_job']).toContain(refused.kind);
  const listed = await run.host.localFiles.list('/elsewhere/runs');
  expect(listed.unwrapOr([])).toEqual([]);
  letGo();
});

it('a host says neither which secrets of this machine go to a job, nor what is built here, nor which folder is sent', async () => {
  const secret = { secrets: { TOKEN: { env: 'TOKEN' } } };
  const { run, elsewhere, letGo } = await left('killed', [JOBS[0] ?? {}, { ...JOBS[1], ...secret }]);
  const without = { targets: { t: { jobs: JOBS } } } as Partial<PikaciConfigInput>;
  const refused = (await elsewhere(without).resume('run'))._unsafeUnwrapErr();
  expect(refused).toMatchObject({ kind: 'not_trusted', field: 'b.secrets' });
  expect((await run.host.localFiles.lstat('/elsewhere/runs/run')).isErr()).toBe(true);
  // What the folder has is not asked for by the host: it is named, and compared.
  const [name = ''] = await names(run);
  const path = `${RECORDS}/${name}/run.json`;
  const text = Buffer.from(must(await run.host.hostFiles.readFile(path))).toString();
  must(await run.host.hostFiles.writeFile(path, Buffer.from(text.replaceAll(WORKSPACE, '/home/op/.ssh'))));
  must(await run.host.hostFiles.remove('/var/pikaci/snapshots', { recursive: true }));
  const unnamed = (await elsewhere().resume('run'))._unsafeUnwrapErr();
  expect(unnamed).toMatchObject({ kind: 'invalid_plan', field: 'workspace' });
  letGo();
  const resumed = must(await elsewhere().resume('run', { workspace: WORKSPACE }));
  must(await resumed.cleanUp);
  expect(resumed.record).toMatchObject({ status: 'passed', source_root: WORKSPACE });
});

it('a build on this machine is what the configuration says of that node, or none', () => {
  const local = (installable: string) => ({
    prepare: [{ id: 'n', type: 'nixBuild' as const, where: 'local' as const, installable }],
    jobs: [{ id: 'a', command: 'a', dependsOn: ['n'] }],
  });
  const target = (installable: string) => findTarget({}, { target: 't', definition: local(installable) });
  const plan = makePlan(must(target('.#theirs')), [])._unsafeUnwrap();
  expect(whyNotOurs(plan.nodes, must(target('.#theirs')), [])).toBeNull();
  for (const configured of [undefined, must(target('.#ours'))])
    expect(whyNotOurs(plan.nodes, configured, [])).toEqual({
      field: 'prepare.n',
      message: 'n is built on this machine',
    });
});

it('a run that is recorded as untrusted goes on as such alone', async () => {
  const { run, elsewhere, letGo } = await left('killed');
  const [name = ''] = await names(run);
  const path = `${RECORDS}/${name}/run.json`;
  const record = JSON.parse(Buffer.from(must(await run.host.hostFiles.readFile(path))).toString());
  const changed = { ...record, options: { ...record.options, trust: 'untrusted' } };
  must(await run.host.hostFiles.writeFile(path, Buffer.from(JSON.stringify(changed))));
  expect((await elsewhere().resume('run'))._unsafeUnwrapErr()).toMatchObject({
    kind: 'not_trusted',
    field: 'trust',
  });
  expect(await names(run)).toEqual([name]);
  letGo();
});

it('has no copy, and says so once, where none can be written; the run ends as it would have', async () => {
  const run = await memoryRun({ script: async () => 0 });
  const warned: string[] = [];
  const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
  const pikaci = must(
    createPikaci(
      { ...config, targets: { t: { jobs: [{ id: 'a', command: 'a' }] } } },
      { adapters: run.host.adapters },
    ),
  );
  must(await run.host.hostFiles.makeDirectory('/var/pikaci'));
  must(await run.host.hostFiles.writeFile(RECORDS, Buffer.from('no directory')));
  const emitRun = (event: RunEvent) => {
    if (event.type === 'run_warning') warned.push(event.message);
  };
  const ended = must(
    await pikaci.runTarget({ target: 't', workspace: WORKSPACE, events: { emit: () => {}, emitRun } }),
  );
  must(await ended.cleanUp);
  expect(ended.record.status).toBe('passed');
  expect(warned.filter((message) => message.includes("has no copy of the run's records"))).toHaveLength(1);
});

it('that nobody goes on with has an age, and goes with what is old; not a day before', async () => {
  const { run, elsewhere, letGo } = await left('killed');
  const reap = async () => must(await elsewhere().reap({ keep: { keepDays: 0 } })).kept.evicted;
  run.host.clock.set(3600_000);
  expect(await reap()).not.toContainEqual(expect.objectContaining({ kind: 'run_records' }));
  expect(await names(run)).toHaveLength(1);
  run.host.clock.set(24 * 3600_000);
  expect(await reap()).toContainEqual(expect.objectContaining({ kind: 'run_records' }));
  expect(await names(run)).toEqual([]);
  letGo();
});
