import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { jobOutcomeSchema } from '../../../../src/domain/job/job-outcome.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make' } as const;
const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;

describe('a job that is run', () => {
  it('is passed when its exit record says 0, and its log and record are kept', async () => {
    const run = await memoryRun({
      script: async (job) => {
        job.write('building\n');
        job.write('done\n');
        return 0;
      },
    });
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, events: run.sink }));
    expect(outcome).toMatchObject({ status: 'passed', cause: 'exit', exit_code: 0, log_bytes: 14 });
    must(await cleanUp);
    expect(run.log()).toBe('building\ndone\n');
    expect(await run.state('guest.log')).toBe('building\ndone\n');
    expect(jobOutcomeSchema.parse(JSON.parse(await run.state('job.json')).outcome)).toEqual(outcome);
  });

  it('says where its log was cut, behind the last byte that is kept, and in its outcome', async () => {
    const run = await memoryRun({
      script: async (job) => {
        job.write('x'.repeat(2047));
        job.write('€ and more\n');
        job.write('the end\n');
        return 0;
      },
    });
    const capped = run.another({ maxLogBytes: 2048 });
    const { outcome } = must(await capped.runJob({ ...input, events: run.sink }));
    expect(outcome).toMatchObject({ log_bytes: 2068, kept_log_bytes: 2047, log_cut: true });
    expect(run.log()).toBe('x'.repeat(2047));
    const told = run.events.filter(({ type }) => type === 'log_bytes' || type === 'log_cut');
    expect(told.slice(told.findIndex(({ type }) => type === 'log_cut'))).toMatchObject([
      { type: 'log_cut', kept_bytes: 2047, max_bytes: 2048 },
    ]);
    const whole = must(await run.pikaci.runJob({ ...input, runId: 'other', events: run.sink }));
    expect(whole.outcome.log_cut).toBe(false);
  });

  it('tells what happens in order, the outcome before the clean-up is done', async () => {
    const run = await memoryRun();
    const { cleanUp } = must(await run.pikaci.runJob({ ...input, events: run.sink }));
    expect(run.eventTypes().slice(-2)).toEqual(['job_finished', 'phase_started']);
    must(await cleanUp);
    const phase = (name: string) => [
      ['phase_started', name],
      ['phase_finished', name],
    ];
    const told = run.events
      .filter(({ type }) => type !== 'log_bytes' && type !== 'upload_progress')
      .map((event) => ('phase' in event ? [event.type, event.phase] : [event.type]));
    // The first two phases run beside each other.
    expect(told[0]).toEqual(['job_started']);
    expect(told.slice(5)).toEqual([
      ...phase('prepare_runtime'),
      ...phase('launch_guest'),
      ['instance_created'],
      ...phase('wait_for_completion'),
      ['job_finished'],
      ...phase('clean_up'),
      ['cleaned_up'],
    ]);
  });

  it('is refused on a host of another architecture before anything is made', async () => {
    const run = await memoryRun();
    const fault = mustFail(
      await run.pikaci.runJob({ ...input, job: { ...JOB, arch: 'aarch64' } }),
      'invalid_job',
    );
    expect(fault).toMatchObject({
      kind: 'invalid_job',
      field: 'job.arch',
      message: expect.stringMatching(/the job needs aarch64, and \S+ is x86_64$/),
    });
    expect(run.host.shell.uploads).toEqual([]);
    const same = await run.pikaci.runJob({ ...input, job: { ...JOB, arch: 'x86_64' } });
    expect(must(same).outcome.status).toBe('passed');
  });

  it('leaves neither its machine nor its directories on the host', async () => {
    const run = await memoryRun();
    const { cleanUp } = must(await run.pikaci.runJob(input));
    must(await cleanUp);
    expect(run.host.incus.allInstances).toEqual([]);
    expect(must(await run.host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it('gets its secrets, and no record, log or event has their values', async () => {
    const token = 'hunter2"\nsecond line of it';
    const run = await memoryRun();
    const job = { ...JOB, secrets: { TOKEN: token, FILE: 'hunter2-hunter2' }, artifacts: ['/artifacts/*'] };
    run.host.supervisor.script = async (control) => {
      expect(control.secrets).toEqual(job.secrets);
      control.write(`it is ${token}, or ${JSON.stringify(token)}\n`);
      control.files.write({ path: '/artifacts/hunter2-hunter2', content: Buffer.from('x') });
      const message = `bad ${token}`;
      return { schema_version: 1, status: 'failed', exit_code: 1, finished_at: '', cause: 'exit', message };
    };
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, job, events: run.sink }));
    must(await cleanUp);
    expect(outcome).toMatchObject({ status: 'failed', message: 'bad ***' });
    expect(run.log()).toBe('it is ***, or "***"\n');
    for (const name of ['job.json', 'guest.log', 'host.log'])
      expect(await run.state(name)).not.toContain('hunter2');
    expect(JSON.stringify(run.events)).not.toContain('hunter2');
    expect(JSON.parse(await run.state('job.json')).secret_names).toEqual(['TOKEN', 'FILE']);
  });

  it('has no secret in the names of its artifacts, of its steps, nor in what it records of what is run', async () => {
    const secret = 'Hunter2-Hunter3';
    const run = await memoryRun();
    const steps = [
      { name: `log in with ${secret}`, command: `curl -u ${secret}`, env: { WITH: secret } },
      { name: 'after', command: 'true', if: 'failure' as const },
    ];
    const job = { id: 'job', steps, secrets: { TOKEN: secret }, artifacts: ['/artifacts/**'] };
    run.host.supervisor.script = async (control) => {
      control.files.write({ path: `/artifacts/of-${secret}.txt`, content: Buffer.from('x') });
      control.files.write({
        path: `/artifacts/${Buffer.from(`x${secret}`).toString('base64')}`,
        content: Buffer.from('yy'),
      });
      return 0;
    };
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, job, events: run.sink }));
    must(await cleanUp);
    const [second, first] = outcome.artifacts.collected.map(({ path }) => path).toSorted();
    expect(first).toBe('of-***.txt');
    expect(second).toMatch(/^.{2}\*\*\*/);
    // The record says where the file is.
    expect(await run.state('artifacts/of-***.txt')).toBe('x');
    for (const name of ['job.json', 'steps.json', 'host.log', 'guest.log'])
      expect((await run.state(name)).toLowerCase()).not.toContain(secret.toLowerCase());
    const told = JSON.stringify([run.events, outcome]).toLowerCase();
    expect(told).not.toContain(secret.toLowerCase());
    expect(JSON.parse(await run.state('steps.json')).steps).toMatchObject([
      { id: 'step-1', name: 'log in with ***', status: 'passed' },
      { id: 'after', name: 'after', reason: 'nothing had failed' },
    ]);
  });

  it('says once of a secret that is too short to be masked', async () => {
    const run = await memoryRun();
    const job = { ...JOB, secrets: { PIN: '123', TOKEN: '1234' } };
    const { cleanUp } = must(await run.pikaci.runJob({ ...input, job, events: run.sink }));
    must(await cleanUp);
    const warnings = run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([
      'the secret PIN has fewer than 4 characters and is not masked: logs and records may show it',
    ]);
  });

  it('with a secret that is a word of the protocol still has events that can be read', async () => {
    const run = await memoryRun();
    const job = { ...JOB, secrets: { A: 'pass', B: 'finished', C: '2026' } };
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, job, events: run.sink }));
    must(await cleanUp);
    expect(outcome.status).toBe('passed');
    expect(run.events.find(({ type }) => type === 'job_finished')).toMatchObject({
      status: 'passed',
      message: 'the command ***ed',
    });
  });

  const record = { schema_version: 1, finished_at: '', message: '' } as const;
  for (const [title, result, expected] of [
    ['is failed with the exit code of its record', 3, { status: 'failed', cause: 'exit', exit_code: 3 }],
    [
      'is lost when its supervisor left no record',
      null,
      { status: 'failed', cause: 'lost', exit_code: null },
    ],
    [
      'is never passed with another exit code than 0',
      { ...record, status: 'passed', exit_code: 1 },
      { status: 'failed', cause: 'lost', exit_code: null },
    ],
    [
      'is never passed without an exit code',
      { ...record, status: 'passed', exit_code: null },
      { status: 'failed', cause: 'lost' },
    ],
    [
      'is never passed after a timeout',
      { ...record, status: 'passed', exit_code: 0, cause: 'timeout' },
      { status: 'failed', cause: 'lost' },
    ],
    [
      'is failed when its record says so, whatever the exit code',
      { ...record, status: 'failed', exit_code: 0 },
      { status: 'failed' },
    ],
  ] as const) {
    it(title, async () => {
      const run = await memoryRun({ script: async () => result });
      const { outcome } = must(await run.pikaci.runJob(input));
      expect(outcome).toMatchObject(expected);
    });
  }

  it('is lost when its machine goes away under it', async () => {
    const run = await memoryRun({
      script: async () => {
        run.host.incus.world.project('default', '').map(({ instances }) => instances.clear());
        run.host.incus.dropConnections();
        return new Promise(() => {});
      },
    });
    const { outcome, cleanUp } = must(await run.pikaci.runJob(input));
    expect(outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    must(await cleanUp);
  });

  it('that is not valid is refused with the name of its field, and touches nothing', async () => {
    const run = await memoryRun();
    const fault = mustFail(
      await run.pikaci.runJob({ ...input, job: { ...JOB, timeoutSecs: 0 } }),
      'invalid_job',
    );
    expect(fault.field).toBe('job.timeoutSecs');
    expect(mustFail(await run.pikaci.runJob({ ...input, runId: '../run' }), 'invalid_job').field).toBe(
      'runId',
    );
    expect(must(await run.host.localFiles.list('/'))).toEqual([{ name: 'srv', type: 'directory' }]);
  });

  it('is refused when this run and job have state here already', async () => {
    const run = await memoryRun();
    must(await run.pikaci.runJob(input));
    expect(mustFail(await run.pikaci.runJob(input), 'run_exists').field).toBe('runId');
  });

  it('that another runner has on the host is refused, and that one keeps its machine and directory', async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let started = () => {};
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    const run = await memoryRun({
      script: async () => {
        started();
        await finished;
        return 0;
      },
    });
    const first = run.pikaci.runJob(input);
    await begun;
    mustFail(await run.another({ stateRoot: '/other' }).runJob(input), 'run_exists');
    expect(run.host.incus.allInstances).toHaveLength(1);
    expect(run.host.hostFiles.has('/var/pikaci/runs/run/jobs/job/artifacts')).toBe(true);
    finish();
    expect(must(await first).outcome.status).toBe('passed');
  });

  it('that is cancelled before its machine is made is a fault, and leaves nothing on the host', async () => {
    const run = await memoryRun();
    const stop = new AbortController();
    const sink = {
      emit: (event: { type: string }) => event.type === 'upload_progress' && stop.abort(),
    };
    mustFail(await run.pikaci.runJob({ ...input, signal: stop.signal, events: sink }), 'cancelled');
    expect(run.host.incus.allInstances).toEqual([]);
    expect(run.host.hostFiles.has('/var/pikaci/runs/run')).toBe(false);
    expect(must(await run.host.hostFiles.list('/var/pikaci/snapshots'))).toEqual([]);
  });

  for (const [kind, what, fail] of [
    [
      'image_not_found',
      'image',
      (run) => run.host.incus.world.project('default', '').map((p) => p.images.clear()),
    ],
    ['host_files', 'directory', (run) => run.host.hostFiles.writeFile('/var/pikaci/runs', Buffer.from(''))],
  ] as const satisfies readonly (readonly [string, string, (run: MemoryRun) => unknown])[]) {
    it(`without its ${what} says so at once, and calls off the upload`, async () => {
      const run = await memoryRun();
      must(await run.host.hostFiles.makeDirectory('/var/pikaci/snapshots'));
      await fail(run);
      run.host.shell.uploadTree = (_upload, { signal } = {}) =>
        new Promise((resolve) => {
          const aborted = { kind: 'aborted', host: 'memory', tried: 'send', message: 'cancelled' } as const;
          const stop = () => resolve(err(aborted));
          if (signal?.aborted) stop();
          signal?.addEventListener('abort', stop, { once: true });
        });
      mustFail(await run.pikaci.runJob(input), kind);
      expect(must(await run.host.hostFiles.list('/var/pikaci/snapshots'))).toEqual([]);
    });
  }

  it('whose start does not succeed leaves no machine', async () => {
    const run = await memoryRun();
    run.host.incus.faults.failNextStart();
    mustFail(await run.pikaci.runJob(input), 'incus');
    expect(run.host.incus.allInstances).toEqual([]);
  });

  for (const fault of ['connection_lost', 'timed_out', 'already_exists'] as const)
    it(`whose machine did not come up (${fault}) never began: an attach finds nothing, and nothing is lost`, async () => {
      const run = await memoryRun();
      run.host.incus.faults.failNext('createInstance', fault);
      expect(mustFail(await run.pikaci.runJob(input), 'incus', 'run_exists').phase).toBe('launch_guest');
      mustFail(await run.pikaci.attach('run', 'job'), 'no_such_job');
      expect(run.host.incus.allInstances).toEqual([]);
    });

  it('is started again when the connection broke before it began', async () => {
    const run = await memoryRun({
      script: async (job) => {
        job.write('once\n');
        return 0;
      },
    });
    run.host.incus.faults.failNext('exec', 'connection_lost');
    const { outcome } = must(await run.pikaci.runJob({ ...input, events: run.sink }));
    expect(outcome.status).toBe('passed');
    expect(run.log()).toBe('once\n');
  });

  it('keeps its outcome when the clean-up fails, which is said', async () => {
    const run = await memoryRun();
    run.host.incus.faults.failNext('changeState', 'permission_denied');
    const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, events: run.sink }));
    expect(outcome.status).toBe('passed');
    mustFail(await cleanUp, 'incus');
    expect(run.events.at(-1)).toMatchObject({ type: 'cleaned_up', ok: false });
    expect(await run.state('host.log')).toMatch(/cleaned_up .*planted: permission_denied/);
  });

  it('whose state was removed under it is a fault that names the machine that stays', async () => {
    const run = await memoryRun({
      script: async ({ write }) => {
        write('begun\n');
        must(await run.host.localFiles.remove('/state', { recursive: true }));
        return 0;
      },
    });
    const fault = (await run.pikaci.runJob({ ...input, events: run.sink }))._unsafeUnwrapErr();
    expect(fault.kind).toBe('local_files');
    const [machine] = run.host.incus.allInstances;
    expect(fault.message).toContain(`the machine ${machine?.name} on memory stays: "pikaci attach run job"`);
    expect(fault.message).toContain('"pikaci gc --remote" removes it once its lease has ended');
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'warning', message: fault.message }));
  });

  it('has its artifacts collected, but for what the supervisor wrote, and its own file of a name of the supervisor', async () => {
    const run = await memoryRun({
      script: async ({ files }) => {
        files.write({ path: '/artifacts/report.xml', content: Buffer.from('<ok/>') });
        files.write({ path: '/artifacts/guest.log', content: Buffer.from('') });
        files.write({ path: '/artifacts/result.json', content: Buffer.from('{}') });
        return 0;
      },
    });
    const job = { ...JOB, artifacts: ['/artifacts/**'] };
    const { outcome } = must(await run.pikaci.runJob({ ...input, job }));
    expect(outcome.artifacts).toEqual({
      collected: [
        { path: 'report.xml', bytes: 5 },
        { path: 'result.json', bytes: 2 },
      ],
      refused: [],
      refused_count: 0,
      incomplete: null,
    });
    expect(await run.state('artifacts/report.xml')).toBe('<ok/>');
  });

  it.each([
    ['passes without them, and names the pattern', ['/artifacts/*', 'out/*.xml'], 'passed', 'exit'],
    [
      'fails without those that it requires',
      { paths: ['/artifacts/*', 'out/*.xml'], required: true },
      'failed',
      'artifacts',
    ],
  ] satisfies [string, NonNullable<JobSpecInput['artifacts']>, string, string][])(
    '%s',
    async (_title, artifacts, status, cause) => {
      const run = await memoryRun({
        script: async ({ files }) => {
          files.write({ path: '/artifacts/report.xml', content: Buffer.from('<ok/>') });
          return 0;
        },
      });
      const job = { ...JOB, artifacts };
      const { outcome } = must(await run.pikaci.runJob({ ...input, job }));
      expect(outcome).toMatchObject({ status, cause, exit_code: 0, artifacts: { unmatched: ['out/*.xml'] } });
      if (status === 'failed')
        expect(outcome.message).toBe('required artifacts are missing: no file matches "out/*.xml"');
      expect(JSON.parse(await run.state('job.json')).outcome).toEqual(outcome);
    },
  );

  it('passes with all that it requires', async () => {
    const run = await memoryRun({
      script: async ({ files }) => {
        files.write({ path: '/artifacts/report.xml', content: Buffer.from('<ok/>') });
        return 0;
      },
    });
    const job = { ...JOB, artifacts: { paths: ['/artifacts/*', '!/artifacts/x'], required: true } };
    const { outcome } = must(await run.pikaci.runJob({ ...input, job }));
    expect([outcome.status, outcome.artifacts.unmatched]).toEqual(['passed', undefined]);
  });

  it.each<[string, { odd?: string; artifactCaps?: JobSpecInput['artifactCaps'] }, string]>([
    [
      'a file over the cap',
      { artifactCaps: { fileBytes: 3 } },
      '"/artifacts/first.xml" was refused (file_too_large), and 1 more',
    ],
    [
      'files over the total',
      { artifactCaps: { totalBytes: 8 } },
      '"/artifacts/report.xml" was refused (total_too_large)',
    ],
    [
      'too many files',
      { artifactCaps: { files: 1 } },
      '"/artifacts/report.xml" was refused (too_many_files)',
    ],
    ['a control character', { odd: '/artifacts/a\tb' }, '"/artifacts/a\\tb" was refused (control_character)'],
  ])('fails when one that it requires was refused: %s', async (_title, { odd, ...caps }, why) => {
    const run = await memoryRun({
      script: async ({ files }) => {
        files.write({ path: odd ?? '/artifacts/first.xml', content: Buffer.from('<1/>') });
        files.write({ path: '/artifacts/report.xml', content: Buffer.from('<okay/>') });
        return 0;
      },
    });
    const job = {
      ...JOB,
      ...caps,
      artifacts: { paths: ['/artifacts/*.xml', '/artifacts/a*'], required: true },
    };
    if (odd === undefined) job.artifacts.paths.pop();
    const { outcome } = must(await run.pikaci.runJob({ ...input, job }));
    expect(outcome).toMatchObject({ status: 'failed', cause: 'artifacts', exit_code: 0 });
    expect(outcome.message).toContain(why);
  });

  it('is not called lost when the API is closed under it', async () => {
    const run = await memoryRun({
      script: async () => {
        await run.host.incus[Symbol.asyncDispose]();
        return new Promise(() => {});
      },
    });
    const fault = mustFail(await run.pikaci.runJob(input), 'host');
    expect(fault.message).toContain('pikaci attach run job');
    expect(JSON.parse(await run.state('job.json')).outcome).toBeNull();
    expect(run.host.incus.allInstances).toHaveLength(1);
  });
});
