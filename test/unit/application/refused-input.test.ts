import type { Result } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { OpenMachineFault } from '../../../src/application/faults/machine-fault.js';
import { gcRuns } from '../../../src/application/gc/gc-runs.js';
import { createPikaci } from '../../../src/composition/create-pikaci.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from './memory-run.js';

const fault = (result: Result<unknown, OpenMachineFault>) => result._unsafeUnwrapErr();
/** What a caller without types may hand in. */
const nothing = undefined as never;
const withProto = JSON.parse('{"__proto__": "x"}');
const variables = (count: number, letter: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${letter}${index}`, 'x'.repeat(100_000)]));

describe('what is handed in and cannot be used', () => {
  it('is a fault and no exception when it is nothing at all', async () => {
    const { pikaci } = await memoryRun();
    expect(fault(await pikaci.runJob(nothing))).toMatchObject({ kind: 'invalid_job' });
    expect(fault(await pikaci.runTarget(nothing))).toMatchObject({ kind: 'invalid_job', field: 'workspace' });
    expect(fault(await pikaci.rerun(nothing))).toMatchObject({ kind: 'invalid_job' });
    expect(fault(await pikaci.attach(nothing, nothing))).toMatchObject({ kind: 'invalid_job' });
    expect(fault(await pikaci.shell(nothing, nothing, nothing))).toMatchObject({ kind: 'invalid_job' });
    expect(fault(await pikaci.shell('none', 'none', nothing))).toMatchObject({ kind: 'no_such_job' });
    expect(fault(await pikaci.attachMachine(nothing))).toMatchObject({ kind: 'invalid_machine' });
    expect(createPikaci(nothing)._unsafeUnwrapErr().kind).toBe('invalid_config');
    await using machine = must(await pikaci.openMachine(nothing));
    expect(fault(await machine.run(nothing))).toMatchObject({ kind: 'invalid_step', field: 'command' });
    expect(fault(await machine.attachStep(nothing))).toMatchObject({ kind: 'invalid_step' });
    expect(fault(await machine.step(nothing))).toMatchObject({ kind: 'invalid_step' });
    expect(fault(await machine.upload(nothing, '/x'))).toMatchObject({ kind: 'transfer_failed' });
    expect(fault(await machine.upload('/x', nothing))).toMatchObject({ kind: 'transfer_failed' });
    expect(fault(await machine.download(nothing, '/x'))).toMatchObject({ kind: 'transfer_failed' });
    expect(fault(await machine.download('/x', nothing))).toMatchObject({ kind: 'transfer_failed' });
  });

  it('is refused where no folder is named, before anything is made', async () => {
    const { pikaci, host } = await memoryRun();
    const job = { id: 'job', command: 'true' };
    for (const workspace of ['', nothing]) {
      expect(fault(await pikaci.runJob({ job, workspace }))).toMatchObject({ field: 'workspace' });
      const target = { target: 't', definition: { jobs: [job] }, workspace };
      expect(fault(await pikaci.runTarget(target))).toMatchObject({ field: 'workspace' });
    }
    expect(fault(await pikaci.openMachine({ workspace: '' }))).toMatchObject({ field: 'workspace' });
    expect(must(await host.incus.instances('default'))).toEqual([]);
    expect((await host.localFiles.lstat('/state/runs')).isErr()).toBe(true);
  });

  it('is refused by its name where the name is __proto__', async () => {
    const { pikaci } = await memoryRun();
    const job = { id: 'job', command: 'true' };
    const ran = await pikaci.runJob({ job: { ...job, env: withProto }, workspace: WORKSPACE });
    expect(fault(ran)).toMatchObject({ kind: 'invalid_job', field: 'job.env.__proto__' });
    const secret = await pikaci.runJob({ job: { ...job, secrets: withProto }, workspace: WORKSPACE });
    expect(fault(secret)).toMatchObject({ field: 'job.secrets.__proto__' });
    const definition = { jobs: [{ ...job, matrix: withProto }] };
    const target = await pikaci.runTarget({ target: 't', definition, workspace: WORKSPACE });
    expect(fault(target)).toMatchObject({
      kind: 'invalid_plan',
      field: 'definition.jobs.0.matrix.__proto__',
    });
    expect(fault(await pikaci.openMachine({ env: withProto }))).toMatchObject({ field: 'env.__proto__' });
    await using machine = must(await pikaci.openMachine());
    const step = await machine.run({ command: 'true', env: withProto });
    expect(fault(step)).toMatchObject({ kind: 'invalid_step', field: 'env.__proto__' });
    const config = JSON.parse('{"host": "local", "targets": {"__proto__": {"jobs": []}}}');
    expect(createPikaci(config)._unsafeUnwrapErr()).toMatchObject({
      kind: 'invalid_config',
      problems: [{ path: 'targets.__proto__', message: 'cannot be a name' }],
    });
  });

  it('is refused where variables do not fit beside those of the machine', async () => {
    const { pikaci } = await memoryRun();
    await using machine = must(await pikaci.openMachine({ env: variables(5, 'V') }));
    must(await machine.run({ command: 'true', env: variables(5, 'W') }));
    const step = await machine.run({ command: 'true', env: variables(6, 'W') });
    expect(fault(step)).toMatchObject({ kind: 'invalid_step', field: 'env' });
    expect(fault(step).message).toMatch(/1048576 is the most/);
  });

  it('names the control character in a path, and not its dots', async () => {
    const { pikaci } = await memoryRun();
    await using machine = must(await pikaci.openMachine());
    expect(fault(await machine.download('/a\nb', '/x')).message).toMatch(/must not hold control characters$/);
    expect(fault(await machine.upload('/x', 'a\u0007b')).message).toMatch(
      /must not hold control characters$/,
    );
    expect(fault(await machine.download('/a/../b', '/x')).message).toMatch(/without "\." and "\.\."$/);
    const step = await machine.run({ command: 'true', workingDirectory: 'a\tb' });
    expect(fault(step).message).toMatch(/must not hold control characters$/);
  });

  it('takes a job that an earlier version recorded with a user beside root', async () => {
    const run = await memoryRun();
    const job = { id: 'job', command: 'true', runAsRoot: true };
    must(await run.pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run' }));
    const record = JSON.parse(await run.state('job.json'));
    record.job_spec.user = 'pikaci';
    const text = new TextEncoder().encode(JSON.stringify(record));
    must(await run.host.localFiles.writeFile('/state/runs/run/jobs/job/job.json', text));
    expect(must(await run.pikaci.attach('run', 'job')).outcome.status).toBe('passed');
  });
});

describe('a number that cannot be', () => {
  const NONE = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, '2' as never, null as never];

  it.each([...NONE, 0])('is refused by its name: parallel of %s', async (parallel) => {
    const { pikaci, host } = await memoryRun();
    const target = {
      target: 't',
      definition: { jobs: [{ id: 'job', command: 'true' }] },
      workspace: WORKSPACE,
    };
    expect(fault(await pikaci.runTarget({ ...target, parallel }))).toMatchObject({ field: 'parallel' });
    expect((await host.localFiles.lstat('/state/runs')).isErr()).toBe(true);
  });

  it.each([...NONE, 0])('is refused by its name: keepOnFailureSecs of %s', async (keepOnFailureSecs) => {
    const { pikaci } = await memoryRun();
    const job = { id: 'job', command: 'true' };
    const call = { workspace: WORKSPACE, keepOnFailureSecs };
    const field = 'keepOnFailureSecs';
    expect(fault(await pikaci.runJob({ job, ...call }))).toMatchObject({ kind: 'invalid_job', field });
    const target = { target: 't', definition: { jobs: [job] }, ...call };
    expect(fault(await pikaci.runTarget(target))).toMatchObject({ kind: 'invalid_job', field });
  });

  it('is refused by its name: what a reaper keeps', async () => {
    const { pikaci } = await memoryRun();
    for (const keep of [{ keepDays: Number.NaN }, { keepDays: -1 }, { keepBytes: -1 }, { keepBytes: 0.5 }]) {
      const [name] = Object.keys(keep);
      expect(fault(await pikaci.reap({ keep }))).toMatchObject({ field: `keep.${name}` });
    }
    must(await pikaci.reap({ keep: { keepDays: 0.5, keepBytes: null } }));
  });

  it.each([...NONE, undefined as never])('removes no run: keepRuns of %s', async (keepRuns) => {
    const { pikaci, host } = await memoryRun();
    const { localFiles: files, processes, clock } = host;
    must(
      await pikaci.runTarget({
        target: 't',
        runId: 'r',
        definition: { jobs: [{ id: 'job', command: 'true' }] },
        workspace: WORKSPACE,
      }),
    );
    const gc = await gcRuns({ files, processes, clock }, { stateRoot: '/state', keepRuns });
    expect(gc._unsafeUnwrapErr()).toMatchObject({ kind: 'invalid_option' });
    must(await files.lstat('/state/runs/r/run.json'));
  });
});

describe('a transfer that its caller ends', () => {
  it('is cancelled, and has not failed', async () => {
    const run = await memoryRun();
    await using machine = must(await run.pikaci.openMachine());
    must(await run.host.localFiles.writeFile('/state/sent', new Uint8Array(10)));
    const play = run.host.incus.execHandler;
    for (const copy of ['upload', 'download'] as const) {
      const stop = new AbortController();
      run.host.incus.execHandler = (process) => {
        stop.abort();
        return play(process);
      };
      const { signal } = stop;
      const ended =
        copy === 'upload'
          ? await machine.upload('/state/sent', '/x', { signal })
          : await machine.download('/x', '/state/brought', { signal });
      expect(fault(ended)).toMatchObject({ kind: 'cancelled' });
      expect(signal.aborted).toBe(true);
    }
    run.host.incus.execHandler = play;
  });
});
