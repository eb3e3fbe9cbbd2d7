import { describe, expect, it } from 'vitest';
import { isReaper } from '../../../../src/application/lease/owner.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import { leaseConfig, readLease } from '../../../../src/domain/machine/lease.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make', timeoutSecs: 60, graceSecs: 3 } as const;
const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;

/** A job that says that it runs, and then until it is told to end. */
async function untilCancelled(onRunning: (run: Awaited<ReturnType<typeof memoryRun>>) => void) {
  const run = await memoryRun();
  run.host.supervisor.script = async (job) => {
    job.write('running\n');
    queueMicrotask(() => onRunning(run));
    await job.cancelled;
    job.write('ended\n');
    return 143;
  };
  return run;
}

describe('a job whose caller fires the signal', () => {
  it('is told to end, and has its log and its artifacts brought back', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(() => stop.abort());
    const { outcome } = must(await run.pikaci.runJob({ ...input, signal: stop.signal, events: run.sink }));
    expect(outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled', exit_code: 143 });
    expect(run.log()).toBe('running\nended\n');
  });

  it('is killed when there is no time for its grace any more, and collected all the same', async () => {
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const run = await memoryRun();
    run.host.supervisor.script = async (job) => {
      job.files.write({ path: '/artifacts/out', content: Buffer.from('made') });
      job.write('running\n');
      queueMicrotask(() => stop.abort());
      await job.cancelled;
      hurry.abort();
      return await new Promise<never>(() => undefined);
    };
    const job = { ...JOB, artifacts: ['/artifacts/*'] };
    const ended = await run.pikaci.runJob({ ...input, job, signal: stop.signal, hurry: hurry.signal });
    const { outcome, cleanUp } = must(ended);
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: 137 });
    expect(outcome.artifacts).toMatchObject({ collected: [{ path: 'out', bytes: 4 }] });
    must(await cleanUp);
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('says nothing of its machine before that is gone', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(() => stop.abort());
    const ended = await run.pikaci.runJob({
      ...input,
      signal: stop.signal,
      onAbort: 'destroy',
      events: run.sink,
    });
    const { outcome, cleanUp } = must(ended);
    expect(outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled', exit_code: null });
    expect(outcome.message).not.toMatch(/machine|removed/);
    must(await cleanUp);
    expect(run.events.at(-1)).toMatchObject({ type: 'cleaned_up', ok: true, message: 'the machine is gone' });
  });

  it('is cancelled, and no system failure, before it has begun', async () => {
    const stop = new AbortController();
    const run = await memoryRun();
    const events = {
      emit: ({ type }: PikaciEvent) => (type === 'phase_started' ? stop.abort() : undefined),
    };
    const ran = await run.pikaci.runJob({ ...input, signal: stop.signal, events });
    expect(ran._unsafeUnwrapErr()).toMatchObject({
      kind: 'cancelled',
      message: 'cancelled before the job had begun',
    });
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
  });

  it('is told again when the connection breaks as it is told', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(({ host }) => {
      host.incus.faults.failNext('exec', 'connection_lost');
      stop.abort();
    });
    const { outcome } = must(await run.pikaci.runJob({ ...input, signal: stop.signal }));
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: 143 });
  });

  it('is told again when it had not begun as it was told', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(() => {});
    const { handler } = run.host.supervisor;
    let answered = () => {};
    const toldInVain = new Promise<void>((resolve) => {
      answered = resolve;
    });
    run.host.incus.execHandler = async function* (process) {
      if (process.request.command.includes('run')) await toldInVain;
      const code = yield* handler(process);
      if (process.request.command.includes('cancel')) answered();
      return code;
    };
    const emit = (event: PikaciEvent) =>
      event.type === 'phase_started' && event.phase === 'wait_for_completion' && stop.abort();
    const { outcome } = must(await run.pikaci.runJob({ ...input, signal: stop.signal, events: { emit } }));
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: 143 });
  });

  it('is not waited for with "destroy"', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(() => stop.abort());
    const { outcome, cleanUp } = must(
      await run.pikaci.runJob({ ...input, signal: stop.signal, onAbort: 'destroy' }),
    );
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: null });
    must(await cleanUp);
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('runs on with "detach", and attach takes it up from the next byte', async () => {
    const stop = new AbortController();
    const run = await untilCancelled(() => stop.abort());
    const first = must(
      await run.pikaci.runJob({ ...input, signal: stop.signal, onAbort: 'detach', events: run.sink }),
    );
    expect(first.outcome).toMatchObject({ status: 'detached' });
    must(await first.cleanUp);
    expect(run.host.incus.allInstances).toHaveLength(1);

    const attached = run.another().attach('run', 'job', { events: run.sink });
    run.host.supervisor.jobs.values().next().value?.cancel();
    const second = must(await attached);
    expect(second.outcome).toMatchObject({ status: 'cancelled', started_at: first.outcome.started_at });
    expect(second.outcome.phases.map(({ phase }) => phase)).toContain('launch_guest');
    must(await second.cleanUp);
    expect(run.log()).toBe('running\nended\n');
    expect(await run.state('guest.log')).toBe('running\nended\n');
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('is removed when it does not end within its grace', async () => {
    const stop = new AbortController();
    const run = await memoryRun({
      script: () => {
        queueMicrotask(() => stop.abort());
        return new Promise(() => {});
      },
    });
    const running = run.pikaci.runJob({ ...input, signal: stop.signal });
    await run.host.clock.asleepFor(3000 + 15_000);
    await run.host.clock.advance(3000 + 15_000);
    const { outcome, cleanUp } = must(await running);
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: null });
    must(await cleanUp);
    expect(run.host.incus.allInstances).toEqual([]);
  });
});

describe('a job that nobody ends', () => {
  it('is lost when its supervisor does not keep the timeout', async () => {
    const run = await memoryRun({ script: () => new Promise(() => {}) });
    const running = run.pikaci.runJob(input);
    await run.host.clock.asleepFor(60_000);
    await run.host.clock.advance(60_000);
    await run.host.clock.asleepFor(6000);
    await run.host.clock.advance(6000);
    expect(must(await running).outcome).toMatchObject({ cause: 'lost', exit_code: null });
  });

  it('is left alone by a runner whose lease somebody else has taken', async () => {
    const run = await memoryRun({
      script: (job) => {
        job.write('a hunter');
        return new Promise(() => {});
      },
    });
    const job = { ...JOB, timeoutSecs: 3600, secrets: { TOKEN: 'hunter2' } };
    let heard = () => {};
    const log = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const emit = ({ type }: { readonly type: string }) => type === 'log_bytes' && heard();
    const running = run.pikaci.runJob({ ...input, job, events: { emit } });
    await log;
    const [instance] = run.host.incus.allInstances;
    const lease = readLease(instance?.config ?? {});
    if (instance === undefined || lease === null) throw new Error('no lease');
    instance.config = { ...instance.config, ...leaseConfig({ ...lease, owner: 'another' }) };
    await run.host.clock.advance(300_000);
    mustFail(await running, 'superseded');
    expect(await run.state('guest.log')).toBe('a ');
    expect(run.host.incus.allInstances).toHaveLength(1);
  });
});

describe('the artifacts of a job', () => {
  it('are given up when the guest that is to list them says nothing for a minute, and the result stands', async () => {
    const run = await memoryRun();
    const { handler } = run.host.supervisor;
    let listing = () => {};
    const listed = new Promise<void>((resolve) => {
      listing = resolve;
    });
    run.host.incus.execHandler = async function* (process) {
      if (process.request.command.includes('list')) {
        listing();
        await new Promise(() => {});
      }
      return yield* handler(process);
    };
    const running = run.pikaci.runJob({ ...input, job: { ...JOB, artifacts: ['/artifacts/*'] } });
    await listed;
    await run.host.clock.asleepFor(55_000);
    await run.host.clock.advance(60_000);
    const { outcome } = must(await running);
    expect(outcome.status).toBe('passed');
    expect(outcome.artifacts.incomplete).not.toBeNull();
  });
});

describe('the lease of a job', () => {
  it('is renewed while its artifacts are collected', async () => {
    const run = await memoryRun();
    let listing = () => {};
    const listed = new Promise<void>((resolve) => {
      listing = resolve;
    });
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { handler } = run.host.supervisor;
    run.host.incus.execHandler = async function* (process) {
      if (process.request.command.includes('list')) {
        listing();
        await held;
      }
      return yield* handler(process);
    };
    const job = { ...JOB, artifacts: ['/artifacts/*'] };
    // Shorter than a guest may be silent.
    const running = run.another({ leaseSecs: 90 }).runJob({ ...input, job });
    await listed;
    const lease = () => readLease(run.host.incus.allInstances[0]?.config ?? {});
    const before = lease();
    await run.host.clock.asleepFor(30_000);
    await run.host.clock.advance(30_000);
    await run.host.clock.asleepFor(30_000);
    expect((lease()?.expiresAtMs ?? 0) - (before?.expiresAtMs ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect(isReaper(lease()?.owner ?? '')).toBe(false);
    goOn();
    must(await running);
  });
});
