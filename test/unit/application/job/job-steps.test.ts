import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

/** Plays `TEXT; N`: writes the text and ends with N. `wait` ends when it is cancelled. */
const script: MemoryJobScript = async ({ request, secrets, write, cancelled }) => {
  if (request.command === 'wait') {
    write('waiting\n');
    await cancelled;
    return 143;
  }
  const [text = '', code = '0'] = request.command.split('; ');
  write(`${text.replace('$TOKEN', secrets['TOKEN'] ?? '')}\n`);
  return Number(code);
};

type Steps = NonNullable<JobSpecInput['steps']>;

async function running(steps: Steps, more: Partial<JobSpecInput> = {}) {
  const run = await memoryRun({ script });
  const job = { id: 'job', steps, ...more };
  const result = must(await run.pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run', events: run.sink }));
  must(await result.cleanUp);
  return { run, outcome: result.outcome };
}

const ends = (steps: readonly { id: string; status: string; exit_code: number | null }[] | undefined) =>
  steps?.map(({ id, status, exit_code }) => [id, status, exit_code]);

describe('a job of several steps', () => {
  it('runs them in order, in one log, and records where each of them begins and ends', async () => {
    const { run, outcome } = await running([
      { name: 'Fetch it', command: 'fetched' },
      { name: 'Build & test', command: 'built' },
      { command: 'done' },
    ]);
    expect(outcome).toMatchObject({ status: 'passed', cause: 'exit', exit_code: 0 });
    expect(outcome.steps).toMatchObject([
      { id: 'fetch-it', name: 'Fetch it', status: 'passed', log_start: 0, log_end: 8 },
      { id: 'build-test', name: 'Build & test', status: 'passed', log_start: 8, log_end: 14 },
      { id: 'step-3', name: 'step 3', status: 'passed', log_start: 14, log_end: 19 },
    ]);
    expect(JSON.parse(await run.state('steps.json'))).toEqual({ schema_version: 1, steps: outcome.steps });
    const told = run.events.flatMap((event) =>
      event.type === 'step_started' || event.type === 'step_finished'
        ? [`${event.type} ${event.step_id}`]
        : [],
    );
    expect(told).toEqual([
      'step_started fetch-it',
      'step_finished fetch-it',
      'step_started build-test',
      'step_finished build-test',
      'step_started step-3',
      'step_finished step-3',
    ]);
  });

  it('skips the rest after a failure, but for what says otherwise, and fails as the first that failed', async () => {
    const { run, outcome } = await running([
      { id: 'a', command: 'a; 3', continueOnError: true },
      { id: 'on-failure-too-early', command: 'x', if: 'failure' },
      { id: 'b', name: 'The tests', command: 'b; 7' },
      { id: 'c', command: 'c' },
      { id: 'd', command: 'd; 1', if: 'failure' },
      { id: 'e', command: 'e', if: 'always' },
    ]);
    expect(outcome).toMatchObject({
      status: 'failed',
      cause: 'exit',
      exit_code: 7,
      message: 'the step The tests ended with status 7',
    });
    expect(ends(outcome.steps)).toEqual([
      ['a', 'failed', 3],
      ['on-failure-too-early', 'skipped', null],
      ['b', 'failed', 7],
      ['c', 'skipped', null],
      ['d', 'failed', 1],
      ['e', 'passed', 0],
    ]);
    expect(run.log()).toBe('a\nb\nd\ne\n');
    const reasons = outcome.steps?.flatMap(({ id, reason }) => (reason === undefined ? [] : [[id, reason]]));
    expect(reasons).toEqual([
      ['on-failure-too-early', 'nothing had failed'],
      ['c', 'the step The tests failed'],
    ]);
    const skipped = run.events.find((event) => event.type === 'step_finished' && event.step_id === 'c');
    expect(skipped).toMatchObject({ status: 'skipped', reason: 'the step The tests failed', duration_ms: 0 });
  });

  it('masks secrets, and says where a step stands in what is kept of its log', async () => {
    const secrets = { TOKEN: 'a-very-long-secret-value' };
    const { run, outcome } = await running([{ command: 'first $TOKEN' }, { command: '$TOKEN second' }], {
      secrets,
    });
    expect(run.log()).toBe('first ***\n*** second\n');
    expect(outcome.steps).toMatchObject([
      { log_start: 0, log_end: 10 },
      { log_start: 10, log_end: 21 },
    ]);
  });

  it('of which one was cancelled has that one cancelled, and the rest skipped', async () => {
    const run = await memoryRun({ script });
    const cancel = new AbortController();
    const events = {
      emit: (event: { type: string }) => {
        if (event.type === 'step_started' && ++begun === 2) cancel.abort();
      },
    };
    let begun = 0;
    const steps = [{ command: 'one' }, { command: 'wait' }, { command: 'three', if: 'always' as const }];
    const job = { id: 'job', steps };
    const result = must(
      await run.pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run', events, signal: cancel.signal }),
    );
    expect(result.outcome).toMatchObject({ status: 'cancelled' });
    expect(ends(result.outcome.steps)).toEqual([
      ['step-1', 'passed', 0],
      ['step-2', 'cancelled', 143],
      ['step-3', 'skipped', null],
    ]);
  });

  it('is taken up by another runner in the middle of a step, with what was recorded before', async () => {
    const run = await memoryRun({ script });
    const leave = new AbortController();
    const events = {
      emit: (event: { type: string; step_id?: string }) => {
        if (event.type === 'step_started' && event.step_id === 'step-2') leave.abort();
      },
    };
    const job = { id: 'job', steps: [{ command: 'one' }, { command: 'wait' }, { command: 'three' }] };
    const input = { job, workspace: WORKSPACE, runId: 'run', events, signal: leave.signal };
    const left = must(await run.pikaci.runJob({ ...input, onAbort: 'detach' }));
    expect(left.outcome.status).toBe('detached');
    const cancel = new AbortController();
    const following = {
      emit: (event: { type: string; phase?: string }) => {
        if (event.type === 'phase_started' && event.phase === 'wait_for_completion') cancel.abort();
      },
    };
    const { outcome } = must(
      await run.another().attach('run', 'job', { events: following, signal: cancel.signal }),
    );
    expect(ends(outcome.steps)).toEqual([
      ['step-1', 'passed', 0],
      ['step-2', 'cancelled', 143],
      ['step-3', 'skipped', null],
    ]);
    expect(outcome.steps?.map(({ log_start, log_end }) => [log_start, log_end])).toEqual([
      [0, 4],
      [4, 12],
      [null, null],
    ]);
  });

  it('whose supervisor died has the step that ran lost, and none invented', async () => {
    let hear = () => {};
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const run = await memoryRun({
      script: async ({ request, write }) => {
        write(`${request.command}\n`);
        if (request.command !== 'two') return 0;
        await heard;
        await run.host.clock.advance(7000);
        return null;
      },
    });
    const job = { id: 'job', steps: [{ command: 'one' }, { command: 'two' }, { command: 'three' }] };
    const emit = (event: (typeof run.events)[number]) => {
      run.events.push(event);
      if (event.type === 'step_started' && event.step_id === 'step-2') hear();
    };
    const { outcome } = must(await run.pikaci.runJob({ job, workspace: WORKSPACE, events: { emit } }));
    expect(outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    const reason = 'not run, as far as is known: the job was lost first';
    expect(outcome.steps).toMatchObject([
      { id: 'step-1', status: 'passed' },
      { id: 'step-2', status: 'failed', cause: 'lost', exit_code: null, finished_at: expect.any(String) },
      { id: 'step-3', status: 'skipped', exit_code: null, started_at: null, reason },
    ]);
    const told = run.events.flatMap((event) => (event.type === 'step_finished' ? [event] : []));
    expect(told.map(({ step_id, status }) => [step_id, status])).toEqual([
      ['step-1', 'passed'],
      ['step-2', 'failed'],
      ['step-3', 'skipped'],
    ]);
    // What it took until it was known to be lost.
    expect(told[1]?.duration_ms).toBeGreaterThanOrEqual(7000);
  });

  it('that is destroyed lists the steps that were not reached', async () => {
    const run = await memoryRun({ script });
    const stop = new AbortController();
    const emit = (event: (typeof run.events)[number]) => {
      if (event.type === 'step_started') stop.abort();
    };
    const job = { id: 'job', steps: [{ command: 'wait' }, { command: 'two', if: 'always' as const }] };
    const call = { signal: stop.signal, onAbort: 'destroy', events: { emit } } as const;
    const { outcome } = must(await run.pikaci.runJob({ job, workspace: WORKSPACE, ...call }));
    expect(outcome.steps).toMatchObject([
      { id: 'step-1', status: 'cancelled' },
      {
        id: 'step-2',
        status: 'skipped',
        reason: 'not run, as far as is known: the job was cancelled first',
      },
    ]);
  });

  it('has either a command or steps, and no id twice', async () => {
    const run = await memoryRun({ script });
    const fault = async (job: object) =>
      (await run.pikaci.runJob({ job: { id: 'job', ...job }, workspace: WORKSPACE }))._unsafeUnwrapErr();
    expect(await fault({})).toMatchObject({
      kind: 'invalid_job',
      message: expect.stringContaining('"steps"'),
    });
    expect(await fault({ command: 'x', steps: [{ command: 'y' }] })).toMatchObject({ kind: 'invalid_job' });
    expect(
      await fault({
        steps: [
          { id: 'a', command: 'x' },
          { id: 'a', command: 'y' },
        ],
      }),
    ).toMatchObject({ kind: 'invalid_job', field: 'job.steps' });
    expect(await fault({ steps: [{ command: 'x', workingDirectory: '../..' }] })).toMatchObject({
      field: 'job.steps.0.workingDirectory',
    });
  });
});
