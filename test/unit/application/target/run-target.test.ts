import { describe, expect, it } from 'vitest';
import { wireEventSchema } from '../../../../src/domain/events/event.js';
import { runEventSchema } from '../../../../src/domain/events/run-event.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory, WORKSPACE } from './target-in-memory.js';

const job = (id: string, dependsOn: string[] = []) => ({ id, command: `run ${id}`, dependsOn });

/** Jobs whose command is named here fail with 1. */
const failing =
  (...ids: string[]) =>
  async ({ request, write }: { request: { command: string }; write: (text: string) => void }) => {
    write(`${request.command}\n`);
    return ids.some((id) => request.command === `run ${id}`) ? 1 : 0;
  };

describe('a run of a target', () => {
  it('records what it does: the run, the plan, each job, and its events', async () => {
    const target = await TargetInMemory.of({
      description: 'all tests',
      jobs: [job('build'), { ...job('test', ['build']), description: 'the tests' }],
    });
    const run = await target.run({ branch: 'feature/x' });
    expect(run.jobs.map((end) => [end.jobId, end.kind])).toEqual([
      ['build', 'ended'],
      ['test', 'ended'],
    ]);
    const record = await target.record();
    expect(record).toEqual(run.record);
    expect(record).toMatchObject({
      run_id: 'run',
      status: 'passed',
      target_id: 't',
      target_description: 'all tests',
      source_root: WORKSPACE,
      git_branch: 'feature/x',
      rerun_of: null,
      changed_files: null,
      plan_path: '/state/runs/run/plan.json',
      prepared_outputs_path: null,
      snapshot_dir: expect.stringMatching(/^\/var\/pikaci\/snapshots\/[0-9a-f]{64}\/snapshot$/),
    });
    expect(record.jobs[1]).toMatchObject({
      id: 'test',
      description: 'the tests',
      status: 'passed',
      exit_code: 0,
      guest_log_path: '/state/runs/run/jobs/test/guest.log',
      remote_linux_vm_execution: {
        backend: 'incus',
        incus_image: { project: 'default', alias: 'pikaci/dev' },
        phases: expect.arrayContaining([expect.objectContaining({ phase: 'launch_guest', ok: true })]),
      },
    });
    expect((await target.plan()).nodes).toMatchObject([
      { kind: 'execute', id: 'build', depends_on: [] },
      { kind: 'execute', id: 'test', depends_on: ['build'], execute: { command: 'run test' } },
    ]);
    const lines = (await target.text('run/events.jsonl')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line));
    for (const event of events)
      expect((event.job_id === undefined ? runEventSchema : wireEventSchema).safeParse(event).success).toBe(
        true,
      );
    expect(events[0]).toMatchObject({ type: 'run_started', target_id: 't', nodes: [{ id: 'build' }, {}] });
    expect(events.filter(({ type }) => type === 'job_finished')).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'run_ended')).toMatchObject([{ status: 'passed' }]);
    expect(events.filter(({ type }) => type === 'cleaned_up')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ type: 'run_closed', ok: true });
    expect(events.filter(({ type }) => type === 'log' || type === 'log_bytes')).toEqual([]);
  });

  it('reads the workspace once and sends it once, whatever the number of jobs', async () => {
    const target = await TargetInMemory.of({ jobs: ['a', 'b', 'c', 'd'].map((id) => job(id)) });
    const scans: string[] = [];
    const { scanner } = target.host;
    const scan = scanner.scan.bind(scanner);
    scanner.scan = (directory, options) => {
      scans.push(directory);
      return scan(directory, options);
    };
    await target.run();
    expect([scans.length, target.host.shell.uploads.length]).toEqual([1, 1]);
  });

  it('skips what depends on a failed job, records why, and has failed', async () => {
    const target = await TargetInMemory.of(
      { parallel: 1, jobs: [job('a'), job('b', ['a']), job('c', ['b']), job('d')] },
      { script: failing('a') },
    );
    const run = await target.run();
    expect(target.ends()).toEqual(['a failed', 'b skipped', 'c skipped', 'd passed']);
    expect(run.jobs[1]).toEqual({ jobId: 'b', kind: 'skipped', cause: 'a', reason: 'a failed' });
    const record = await target.record();
    expect(record).toMatchObject({ status: 'failed', message: 'a failed' });
    expect(record.jobs.map(({ status, message }) => [status, message])).toEqual([
      ['failed', 'the command failed with 1'],
      ['skipped', 'a failed'],
      ['skipped', 'a failed'],
      ['passed', 'the command passed'],
    ]);
  });

  it('has passed when what failed was allowed to, system failures and preparations among it; what depends on it runs, without its output', async () => {
    const target = await TargetInMemory.of(
      {
        prepare: [{ id: 'sdk', type: 'path', path: '/opt/nothing', gcRoot: false, allowFailure: true }],
        jobs: [
          {
            ...job('lint', ['sdk']),
            allowFailure: true,
            retry: { max: 1, when: ['failed'], backoffSecs: 0 },
          },
          { ...job('bad'), allowFailure: true, user: 'nobody-here' },
          job('test', ['lint']),
          { ...job('tell'), when: 'on_failure' },
        ],
      },
      { script: failing('lint') },
    );
    const run = await target.run();
    const record = await target.record();
    expect(
      record.jobs.map(({ id, status, allow_failure, not_needed, attempt }) => [
        id,
        status,
        allow_failure,
        not_needed,
        attempt,
      ]),
    ).toEqual([
      ['lint', 'failed', true, undefined, 2],
      ['bad', 'passed', true, undefined, undefined],
      ['test', 'passed', undefined, undefined, undefined],
      ['tell', 'skipped', undefined, true, undefined],
    ]);
    expect(record.prepare_timings).toMatchObject([{ node_id: 'sdk', status: 'failed', allow_failure: true }]);
    expect(record).toMatchObject({ status: 'passed', message: 'allowed to fail, and did: sdk, lint' });
    expect(run.jobs).toMatchObject([
      { jobId: 'lint', kind: 'ended', allowed: true },
      { jobId: 'bad', kind: 'ended' },
      { jobId: 'test', kind: 'ended' },
      { jobId: 'tell', kind: 'skipped', cause: null, notNeeded: true },
    ]);
    expect((await target.plan()).nodes.find(({ id }) => id === 'tell')).toMatchObject({
      when: 'on_failure',
      depends_on: ['sdk', 'lint', 'bad', 'test'],
    });
  });

  it('with fail-fast still runs what comes after a failure, on a workspace that is read for it', async () => {
    const target = await TargetInMemory.of(
      { failFast: true, jobs: [job('a'), job('b', ['a']), { ...job('tell'), when: 'on_failure' }] },
      { script: failing('a') },
    );
    await target.run();
    const record = await target.record();
    expect(record.jobs.map(({ status }) => status)).toEqual(['failed', 'skipped', 'passed']);
    expect(record.status).toBe('failed');
  });

  it('with fail-fast ends the jobs that run, and begins no other', async () => {
    let endSlow = () => {};
    const slowRuns = new Promise<void>((resolve) => {
      endSlow = resolve;
    });
    const target = await TargetInMemory.of(
      { parallel: 2, failFast: true, jobs: [job('a'), job('slow'), job('never')] },
      {
        script: async ({ request, cancelled }) => {
          if (request.command === 'run a') return slowRuns.then(() => 1);
          endSlow();
          await cancelled;
          return 0;
        },
      },
    );
    await target.run();
    expect((await target.record()).jobs.map(({ status }) => status)).toEqual([
      'failed',
      'cancelled',
      'skipped',
    ]);
    expect((await target.record()).status).toBe('failed');
  });

  it('that is interrupted ends what runs, begins nothing more, and is recorded as cancelled', async () => {
    const interrupt = new AbortController();
    const target = await TargetInMemory.of(
      { parallel: 1, jobs: [job('a'), job('b')] },
      {
        script: async ({ cancelled }) => {
          interrupt.abort();
          await cancelled;
          return 0;
        },
      },
    );
    const run = await target.run({ signal: interrupt.signal });
    expect(run.jobs[1]).toEqual({ jobId: 'b', kind: 'not_started' });
    const record = await target.record();
    expect([record.status, ...record.jobs.map(({ status }) => status)]).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
  });

  it('warns of a filter that matches no file, whether there was something to do or not', async () => {
    const target = await TargetInMemory.of({
      filters: ['src', 'scr/**', 'gone/*', '!out'],
      jobs: [job('a')],
    });
    target.host.scanner.setWorkspace(WORKSPACE, {
      entries: { 'src/main.rs': { content: 'fn main() {}\n' } },
    });
    for (const [runId, changed, status] of [
      ['nothing', ['docs/a.md'], 'skipped'],
      ['something', ['src/main.rs'], 'passed'],
    ] as const) {
      const warnings: string[] = [];
      const events = {
        emit: () => {},
        emitRun: (event: { type: string; message?: string }) => {
          if (event.type === 'run_warning') warnings.push(event.message ?? '');
        },
      };
      await target.run({ runId, changedFiles: changed, events });
      expect((await target.record(runId)).status).toBe(status);
      expect(warnings).toEqual(
        ['scr/**', 'gone/*'].map(
          (filter) => `the filter "${filter}" matches no file of the workspace; correct it, or leave it out`,
        ),
      );
    }
  });

  it('asks git what has changed when it is told since when', async () => {
    const target = await TargetInMemory.of({ filters: ['src'], jobs: [job('a')] });
    const entries = { 'src/main.rs': { content: 'fn main() {}\n' } };
    target.host.scanner.setWorkspace(WORKSPACE, { entries, changes: { main: ['docs/a'], old: ['src/a'] } });
    await target.run({ runId: 'main', changedSince: 'main' });
    expect(await target.record('main')).toMatchObject({ status: 'skipped', changed_files: ['docs/a'] });
    await target.run({ runId: 'old', changedSince: 'old', changedFiles: ['x'] });
    expect(await target.record('old')).toMatchObject({ status: 'passed', changed_files: ['x', 'src/a'] });
  });

  it('is recorded as skipped when nothing that changed matches its filters', async () => {
    const target = await TargetInMemory.of({ filters: ['src/**', '*.toml'], jobs: [job('a')] });
    const run = await target.run({ changedFiles: ['docs/a.md', 'src.txt'] });
    expect(run.jobs).toMatchObject([{ jobId: 'a', kind: 'skipped', cause: null }]);
    expect(await target.record()).toMatchObject({
      status: 'skipped',
      changed_files: ['docs/a.md', 'src.txt'],
      filters: ['src/**', '*.toml'],
      message: 'none of the changed files matches the filters of the target',
      jobs: [{ status: 'skipped' }],
    });
    expect(target.host.shell.uploads).toEqual([]);
    await target.run({ runId: 'matches', changedFiles: ['docs/a.md', 'src/deep/.x'] });
    expect((await target.record('matches')).status).toBe('passed');
    await target.run({ runId: 'unknown' });
    expect((await target.record('unknown')).status).toBe('passed');
  });

  it('expands a matrix, and gives each job its values', async () => {
    const commands: unknown[] = [];
    const target = await TargetInMemory.of(
      { jobs: [{ ...job('a'), matrix: { node: [20, 22] } }] },
      {
        script: async ({ request }) => {
          commands.push(request.environment);
          return 0;
        },
      },
    );
    await target.run();
    expect((await target.record()).jobs.map(({ id }) => id)).toEqual(['a-20', 'a-22']);
    expect(commands).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ MATRIX_NODE: '20', PIKACI_JOB_ID: 'a-20' }),
        expect.objectContaining({ MATRIX_NODE: '22', PIKACI_JOB_ID: 'a-22' }),
      ]),
    );
  });

  it('refuses a cycle before it records or runs anything, with the way around it', async () => {
    const target = await TargetInMemory.of({ jobs: [job('a', ['b']), job('b', ['a'])] });
    const fault = (await target.start())._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'invalid_plan', field: 'a → b → a' });
    expect(fault.message).toBe('target t: these depend on each other: a → b → a');
    expect(target.host.localFiles.has('/state/runs/run')).toBe(false);
    expect((await target.start({ target: 'u' }))._unsafeUnwrapErr()).toMatchObject({
      kind: 'invalid_plan',
      message: 'there is no target "u"; the configuration has t',
    });
  });

  it('does not touch a run that is there', async () => {
    const target = await TargetInMemory.of({ jobs: [job('a')] });
    await target.run();
    const before = await target.text('run/run.json');
    expect((await target.start())._unsafeUnwrapErr().kind).toBe('run_exists');
    expect(await target.text('run/run.json')).toBe(before);
    const left = (await target.host.localFiles.list('/state/runs'))._unsafeUnwrap();
    expect(left.map(({ name }) => name)).toEqual(['run']);
  });

  it('takes secrets from the environment that the target names, and records their names only', async () => {
    const secrets = { TOKEN: { env: 'CI_TOKEN' } };
    const target = await TargetInMemory.of(
      { jobs: [{ ...job('a'), secrets }] },
      {
        env: { CI_TOKEN: 'hunter2-and-more' },
        script: async (control) => {
          control.write(`the token is ${control.secrets['TOKEN']}\n`);
          return 0;
        },
      },
    );
    await target.run();
    expect(await target.text('run/jobs/a/guest.log')).toBe('the token is ***\n');
    for (const file of ['run.json', 'plan.json', 'events.jsonl', 'jobs/a/job.json'])
      expect(await target.text(`run/${file}`)).not.toContain('hunter2');
    const without = await TargetInMemory.of({ jobs: [{ ...job('a'), secrets }] });
    expect((await without.start())._unsafeUnwrapErr()).toMatchObject({
      kind: 'invalid_job',
      message: 'jobs.a.secrets.TOKEN: the environment variable CI_TOKEN is not set',
    });
  });

  it('has no secret in what its records show, says once that one is too short, and is run again as it was', async () => {
    const secrets = { TOKEN: { env: 'CI_TOKEN' }, PIN: { env: 'CI_PIN' } };
    const about = { description: 'with hunter2-and-more', secrets };
    const steps = [{ name: 'show hunter2-and-more', command: 'echo hunter2-and-more' }];
    const { command: _, ...rest } = job('a');
    const commands: unknown[] = [];
    const target = await TargetInMemory.of(
      {
        description: 'for hunter2-and-more',
        jobs: [
          { ...rest, ...about, steps },
          { ...job('b'), ...about },
        ],
      },
      {
        env: { CI_TOKEN: 'hunter2-and-more', CI_PIN: '12' },
        script: async ({ request }) => {
          commands.push(request.steps?.[0]?.command ?? null);
          return 0;
        },
      },
    );
    await target.run();
    for (const file of [
      'run.json',
      'events.jsonl',
      'jobs/a/job.json',
      'jobs/a/steps.json',
      'jobs/a/host.log',
    ])
      expect(await target.text(`run/${file}`)).not.toContain('hunter2');
    const { nodes, target: kept, target_description } = JSON.parse(await target.text('run/plan.json'));
    expect(JSON.stringify([nodes, target_description])).not.toContain('hunter2');
    expect(kept.jobs[0]).toMatchObject({
      description: 'with ***',
      steps: [{ id: 'step-1', name: 'show ***' }],
    });
    const warnings = (await target.text('run/events.jsonl'))
      .split('\n')
      .filter((line) => line.includes('too short') || line.includes('fewer than'));
    expect(warnings).toHaveLength(1);
    const again = (await target.pikaci.rerun('run', { runId: 'again' }))._unsafeUnwrap();
    await again.cleanUp;
    expect(commands.filter((command) => command !== null)).toEqual(Array(2).fill('echo hunter2-and-more'));
  });

  it('is run again from its own plan, with its jobs, and says whose repetition it is', async () => {
    const target = await TargetInMemory.of({ jobs: [job('a'), job('b', ['a']), job('c')] });
    await target.run({ jobs: ['b'] });
    const again = (await target.pikaci.rerun('run', { runId: 'again' }))._unsafeUnwrap();
    await again.cleanUp;
    const record = await target.record('again');
    expect(record).toMatchObject({
      rerun_of: 'run',
      target_id: 't',
      status: 'passed',
      source_root: WORKSPACE,
    });
    expect(record.jobs.map(({ id }) => id)).toEqual(['a', 'b']);
    expect((await target.pikaci.rerun('nope'))._unsafeUnwrapErr().kind).toBe('no_such_job');
    expect((await target.pikaci.rerun('../x'))._unsafeUnwrapErr().kind).toBe('invalid_job');
  });

  it('is run again as it was asked for, unless said otherwise, and tells what is not as it was', async () => {
    const target = await TargetInMemory.of({ filters: ['src/**'], jobs: [job('a')] });
    const asked = { branch: 'feature/x', failFast: true, parallel: 7, keepOnFailureSecs: 60 };
    await target.run({ ...asked, changedFiles: ['src/a'] });
    const options = {
      backend: 'incus',
      branch: 'feature/x',
      fail_fast: true,
      parallel: 7,
      keep_on_failure_secs: 60,
    };
    expect((await target.record()).options).toEqual(options);
    const again = async (runId: string, more: object = {}) => {
      const warnings: string[] = [];
      const events = {
        emit: () => {},
        emitRun: (event: { type: string; message?: unknown }) => {
          if (event.type === 'run_warning') warnings.push(String(event.message));
        },
      };
      const run = (await target.pikaci.rerun('run', { runId, events, ...more }))._unsafeUnwrap();
      await run.cleanUp;
      return { record: await target.record(runId), warnings };
    };
    const same = await again('same');
    expect(same.record).toMatchObject({ options, git_branch: 'feature/x', changed_files: null });
    expect(same.warnings).toEqual([
      'what had changed for run is not looked at again: this run does all that was planned then',
    ]);
    expect((await again('other', { parallel: 1 })).record.options).toEqual({ ...options, parallel: 1 });

    const rewrite = async (file: string, change: object) => {
      const path = `/state/runs/run/${file}`;
      const json = { ...JSON.parse(await target.text(`run/${file}`)), ...change };
      must(await target.host.localFiles.writeFile(path, Buffer.from(JSON.stringify(json))));
    };
    await rewrite('run.json', {
      options: { ...options, backend: 'microvm' },
      host: 'ci@other:22',
      changed_files: null,
    });
    expect((await again('elsewhere')).warnings).toEqual([
      'run was run on microvm; this run is on incus, as the configuration says',
      'run was run on ci@other:22; this run is on memory, as the configuration says',
    ]);
    await rewrite('run.json', { options: undefined, host: null });
    expect((await again('old')).warnings).toEqual([
      'the record of run does not say with which options it was run: those of its target hold',
    ]);
    await rewrite('plan.json', { target: null });
    expect((await target.pikaci.rerun('run'))._unsafeUnwrapErr()).toMatchObject({
      kind: 'invalid_plan',
      message: 'there is nothing to run again: the records of run do not say what its target was',
    });
  });
});
