import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import { runVariables } from '../../../../src/domain/job/run-variables.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { machineJobId } from '../../../../src/domain/machine/machine-job-id.js';
import { jobIdSchema } from '../../../../src/domain/values/identifier.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';
import { TargetInMemory } from '../target/target-in-memory.js';

type Retry = { max: number; when?: ('host' | 'lost' | 'oom' | 'quota' | 'failed')[]; backoffSecs?: number };

/** Attempts end so, one after the other: with an exit code, or (null) without a record. */
function inTurn(...ends: readonly (number | null)[]): { script: MemoryJobScript; seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    script: async ({ request, write }) => {
      const attempt = request.environment?.['PIKACI_JOB_ATTEMPT'] ?? '';
      seen.push(attempt);
      write(`attempt ${attempt}\n`);
      const end = ends[seen.length - 1];
      return end === undefined ? 0 : end;
    },
  };
}

const targetOf = (retry: Retry) => ({ jobs: [{ id: 'j', command: 'x', retry }] });

describe('a job that is tried again', () => {
  it('has each attempt in its record, with its own log, exit code and cause, and passes with the last', async () => {
    const { script, seen } = inTurn(null, 7, 0);
    const target = await TargetInMemory.of(targetOf({ max: 2, when: ['lost', 'failed'], backoffSecs: 2 }), {
      script,
    });
    const run = await target.run();
    expect(seen).toEqual(['1', '2', '3']);
    expect(run.record.status).toBe('passed');
    const [job] = (await target.record()).jobs;
    expect(job).toMatchObject({
      status: 'passed',
      exit_code: 0,
      attempt: 3,
      next_attempt_at: null,
      earlier_attempts: [
        { attempt: 1, status: 'failed', cause: 'lost', exit_code: null, retried_for: 'lost' },
        { attempt: 2, status: 'failed', cause: 'exit', exit_code: 7, retried_for: 'failed' },
      ],
    });
    for (const { attempt, guest_log_path: path } of job?.earlier_attempts ?? []) {
      expect(path).toBe(`/state/runs/run/attempts/j/${attempt}/guest.log`);
      const log = must(await target.host.localFiles.readFile(path));
      expect(Buffer.from(log).toString()).toBe(`attempt ${attempt}\n`);
    }
    expect(await target.text('run/jobs/j/guest.log')).toBe('attempt 3\n');
    expect(JSON.parse(await target.text('run/jobs/j/job.json'))).toMatchObject({
      attempt: 3,
      outcome: { attempt: 3, earlier_attempts: [{}, {}] },
    });
    const told = target.events.flatMap((event) => (event.type === 'job_retried' ? [event] : []));
    expect(told).toMatchObject([
      { attempt: 1, cause: 'lost', wait_ms: 2000 },
      { attempt: 2, cause: 'exit', exit_code: 7, wait_ms: 4000 },
    ]);
    const begun = target.events.flatMap((event) => (event.type === 'job_started' ? [event.attempt] : []));
    expect(begun).toEqual([undefined, 2, 3]);
    const stored = (await target.text('run/events.jsonl'))
      .split('\n')
      .filter((line) => line.includes('"job_retried"'));
    expect(stored).toHaveLength(2);
    expect(target.host.incus.allInstances).toEqual([]);
  });

  it('is not tried again for an exit code, unless it says so, nor more often than it says', async () => {
    const once = inTurn(1);
    const first = await TargetInMemory.of(targetOf({ max: 5 }), once);
    expect((await first.run()).record.status).toBe('failed');
    expect(once.seen).toEqual(['1']);
    expect((await first.record()).jobs[0]).not.toHaveProperty('attempt');
    const twice = inTurn(1, 2, 3);
    const second = await TargetInMemory.of(targetOf({ max: 1, when: ['failed'] }), twice);
    const run = await second.run();
    expect(twice.seen).toEqual(['1', '2']);
    expect(run.record.jobs[0]).toMatchObject({ status: 'failed', exit_code: 2, attempt: 2 });
  });

  it('has another machine and another directory on the host each time', () => {
    const ids = [1, 2, 3].map((attempt) => machineJobId('j', attempt));
    expect(ids[0]).toBe('j');
    expect(new Set(ids.map((id) => incusInstanceName('run', id))).size).toBe(3);
    const long = [`${'x'.repeat(63)}a`, `${'x'.repeat(63)}b`].map((id) => machineJobId(id, 11));
    expect(new Set(long).size).toBe(2);
    for (const id of [...ids, ...long]) expect(jobIdSchema.safeParse(id).success).toBe(true);
  });

  it('that has no result is tried again for its host, with a machine that was made anew', async () => {
    const { script, seen } = inTurn(0);
    const target = await TargetInMemory.of(targetOf({ max: 2, when: ['host'] }), { script });
    target.host.incus.faults.failNext('createInstance', 'unreachable');
    const run = await target.run();
    expect(seen).toEqual(['2']);
    expect(run.record.jobs[0]).toMatchObject({
      status: 'passed',
      attempt: 2,
      earlier_attempts: [{ attempt: 1, status: 'faulted', cause: 'incus', retried_for: 'host' }],
    });
  });

  it('is left at once by who cancels it while it waits, with the end that it had', async () => {
    const clock = new MemoryClock(undefined, { skipUpToMs: 5000 });
    const { script, seen } = inTurn(3);
    const target = await TargetInMemory.of(targetOf({ max: 1, when: ['failed'], backoffSecs: 600 }), {
      script,
      clock,
    });
    const cancel = new AbortController();
    const running = target.start({
      signal: cancel.signal,
      events: {
        emit: (event) => {
          if (event.type === 'job_retried') setTimeout(() => cancel.abort(), 0);
        },
      },
    });
    const run = must(await running);
    must(await run.cleanUp);
    expect(seen).toEqual(['1']);
    const [job] = (await target.record()).jobs;
    expect(job).toMatchObject({ status: 'failed', exit_code: 3, next_attempt_at: null });
    expect(job).not.toHaveProperty('attempt');
    expect((await target.record()).status).toBe('failed');
  });

  it('goes on for whoever reads the record while it waits', async () => {
    const clock = new MemoryClock(undefined, { skipUpToMs: 5000 });
    const { script } = inTurn(3);
    const target = await TargetInMemory.of(targetOf({ max: 1, when: ['failed'], backoffSecs: 600 }), {
      script,
      clock,
    });
    const cancel = new AbortController();
    let told = () => {};
    const waits = new Promise<void>((resolve) => {
      told = resolve;
    });
    const running = target.start({
      signal: cancel.signal,
      events: { emit: (event) => (event.type === 'job_retried' ? told() : undefined) },
    });
    await waits;
    await new Promise((resolve) => setImmediate(resolve));
    const { localFiles: files, processes } = target.host;
    const query = { stateRoot: '/state', runId: 'run' };
    const read = must(await loadRunRecord({ files, processes }, query));
    expect(read).toMatchObject({
      status: 'running',
      jobs: [
        {
          status: 'running',
          next_attempt_at: expect.any(String),
          message: 'attempt 1 failed (exit code 3); another begins in 600 s',
        },
      ],
    });
    // Its end is not told for the job's: another runner waits for what this one does.
    const early = await target.pikaci.attach('run', 'j', {});
    expect(early._unsafeUnwrapErr()).toMatchObject({
      kind: 'job_in_use',
      message: expect.stringMatching(
        /^attempt 1 at j has ended, and the process .* begins another one at about/,
      ),
    });
    processes.restart('killed');
    const late = must(await target.pikaci.attach('run', 'j', {}));
    expect(late.outcome).toMatchObject({ status: 'failed', exit_code: 3 });
    cancel.abort();
    must(await must(await running).cleanUp);
  });

  it('says its attempt in a variable', () => {
    const facts = { runId: 'r', jobId: 'j', commit: null, branch: null, attempt: 1, traceparent: null };
    expect(runVariables({ ...facts, jobAttempt: 2 })).toMatchObject({ PIKACI_JOB_ATTEMPT: '2' });
    expect(runVariables(facts)).not.toHaveProperty('PIKACI_JOB_ATTEMPT');
  });

  it('whose runner was killed in its second attempt is taken up there, and ends with what that one does', async () => {
    let go = () => {};
    const released = new Promise<void>((resolve) => {
      go = resolve;
    });
    let begun = () => {};
    const second = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const run = await memoryRun({
      script: async ({ request, write }) => {
        const attempt = request.environment?.['PIKACI_JOB_ATTEMPT'];
        write(`attempt ${attempt}\n`);
        if (attempt === '1') return 1;
        begun();
        await released;
        return 0;
      },
    });
    const retry: Retry = { max: 3, when: ['failed'], backoffSecs: 0 };
    const job = { id: 'job', command: 'x', retry };
    const first = run.pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run' });
    await second;
    const names = run.host.incus.allInstances.map(({ name }) => name);
    expect(names).toEqual([incusInstanceName('run', machineJobId('job', 2))]);
    run.host.processes.restart('killed');
    const attached = run.another().attach('run', 'job', { events: run.sink });
    await Promise.resolve();
    go();
    const { outcome } = must(await attached);
    expect(outcome).toMatchObject({
      status: 'passed',
      exit_code: 0,
      attempt: 2,
      earlier_attempts: [{ attempt: 1, cause: 'exit', exit_code: 1 }],
    });
    expect(run.events.find(({ type }) => type === 'job_started')).toMatchObject({ attempt: 2 });
    expect(await run.state('guest.log')).toBe('attempt 2\n');
    await first;
    expect(JSON.parse(await run.state('job.json')).outcome).toMatchObject({ status: 'passed', attempt: 2 });
  });

  it('keeps no machine but that of its last attempt', async () => {
    const { script } = inTurn(1, 1);
    const target = await TargetInMemory.of(targetOf({ max: 1, when: ['failed'] }), { script });
    await target.run({ keepOnFailureSecs: 600 });
    expect(target.host.incus.allInstances.map(({ name }) => name)).toEqual([
      incusInstanceName('run', machineJobId('j', 2)),
    ]);
  });

  it('whose host was away too long has the machine of that attempt removed before the next begins', async () => {
    const there: number[] = [];
    let attempts = 0;
    const target = await TargetInMemory.of(targetOf({ max: 1, when: ['host'] }), {
      script: async ({ write, cancelled }) => {
        attempts += 1;
        there.push(target.host.incus.allInstances.length);
        write('begun\n');
        if (attempts === 1) await cancelled;
        return 0;
      },
    });
    const { incus } = target.host;
    const running = target.start({
      events: {
        emit: (event) => {
          if (event.type === 'job_retried') while (incus.faults.takeCall('exec') !== undefined);
          if (event.type !== 'log_bytes' || attempts !== 1) return;
          for (let i = 0; i < 200; i++) incus.faults.failNext('exec', 'connection_lost');
          incus.dropConnections();
        },
      },
    });
    const run = must(await running);
    must(await run.cleanUp);
    expect(there).toEqual([1, 1]);
    expect(run.record.jobs[0]).toMatchObject({
      status: 'passed',
      attempt: 2,
      earlier_attempts: [{ status: 'faulted', cause: 'host', retried_for: 'host' }],
    });
    expect(incus.allInstances).toEqual([]);
  });
});
