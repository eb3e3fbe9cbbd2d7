import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, STATE, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make', timeoutSecs: 3600 } as const;
const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('a job whose runner cannot write its log', () => {
  it('is followed from what is on the disk, with no hole, once there is room', async () => {
    const whole = Array.from({ length: 40 }, (_, line) => `line ${line}\n`).join('');
    const run = await memoryRun({
      script: async (job) => {
        for (const line of whole.split(/(?<=\n)/)) {
          job.write(line);
          await new Promise((resolve) => setImmediate(resolve));
        }
        return 0;
      },
    });
    run.host.localFiles.limit(`${STATE}/guest.log`, 100);
    const fault = mustFail(await run.pikaci.runJob({ ...input, events: run.sink }), 'local_files');
    expect(fault.message).toContain('no space');
    expect(run.host.incus.allInstances).toHaveLength(1);
    expect(JSON.parse(await run.state('job.json')).outcome).toBeNull();
    // The disk is full still.
    mustFail(await run.another().attach('run', 'job'), 'local_files');
    run.host.localFiles.limit(`${STATE}/guest.log`);
    const attached = must(await run.another().attach('run', 'job'));
    must(await attached.cleanUp);
    expect(attached.outcome).toMatchObject({ status: 'passed', log_bytes: whole.length });
    expect(await run.state('guest.log')).toBe(whole);
  });
});

describe('a job whose runner cannot keep its artifacts', () => {
  for (const required of [false, true])
    it(`is charged with nothing, and they are collected once there is room (${required ? 'required' : 'optional'})`, async () => {
      const run = await memoryRun({
        script: async (job) => {
          job.files.write({ path: '/artifacts/big', content: Buffer.alloc(6000) });
          job.files.write({ path: '/artifacts/small', content: Buffer.from('small\n') });
          return 0;
        },
      });
      const job = { ...JOB, artifacts: { paths: ['/artifacts/*'], required } };
      const { localFiles } = run.host;
      localFiles.failNext('write', 'no_space', `${STATE}/artifacts/big`);
      const fault = mustFail(await run.pikaci.runJob({ ...input, job, events: run.sink }), 'local_files');
      expect(fault.message).toContain('"pikaci attach run job"');
      expect(fault.message).toContain(`${STATE}/artifacts/big`);
      expect(run.host.incus.allInstances).toHaveLength(1);
      expect(JSON.parse(await run.state('job.json'))).toMatchObject({ outcome: null });
      expect(run.eventTypes()).not.toContain('job_finished');
      // The disk is full still.
      localFiles.failNext('write', 'no_space', `${STATE}/artifacts/big`);
      mustFail(await run.another().attach('run', 'job'), 'local_files');
      const attached = must(await run.another().attach('run', 'job'));
      must(await attached.cleanUp);
      expect(attached.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
      expect(attached.outcome.artifacts.collected.map(({ path }) => path).sort()).toEqual(['big', 'small']);
      expect(await run.state('artifacts/small')).toBe('small\n');
      expect(run.host.incus.allInstances).toEqual([]);
    });
});

describe('a runner that was stopped for longer than its job may take', () => {
  /** A job that has ended in its guest while this runner has heard of its first line only; the rest comes with `wake`. */
  async function asleep(signal?: AbortSignal) {
    const [begun, awake] = [gate(), gate()];
    const run = await memoryRun({
      clock: new MemoryClock(),
      script: async (job) => {
        job.write('begun\n');
        begun.open();
        if (signal !== undefined) await job.cancelled;
        job.write('the rest\n');
        return signal === undefined ? 0 : 143;
      },
    });
    const { handler } = run.host.supervisor;
    const asked: string[] = [];
    run.host.incus.execHandler = async function* (process) {
      const word = ['run', 'status', 'cancel'].find((one) => process.request.command.includes(one)) ?? '';
      asked.push(word);
      const played = handler(process);
      for (let next = await played.next(); ; next = await played.next()) {
        if (word === 'run') await awake.opened;
        if (next.done === true) return next.value;
        yield next.value;
      }
    };
    const options = { events: run.sink, ...(signal === undefined ? {} : { signal }) };
    const running = run.pikaci.runJob({ ...input, ...options });
    await begun.opened;
    return { run, running, asked, wake: awake.open };
  }

  it('asks the guest before it calls the job lost, and has all of its log', async () => {
    const { run, running, asked, wake } = await asleep();
    for (let sleeps = 0; !asked.includes('status'); sleeps++) {
      expect(sleeps).toBeLessThan(200);
      await run.host.clock.advance(60_000);
    }
    wake();
    const { outcome } = must(await running);
    expect(outcome).toMatchObject({ status: 'passed', exit_code: 0, log_bytes: 15 });
    expect(await run.state('guest.log')).toBe('begun\nthe rest\n');
  });

  it('leaves a job to an attach whose guest has ended it and brings no more of its log', async () => {
    const { run, running } = await asleep();
    let ended = false;
    void running.then(() => {
      ended = true;
    });
    for (let sleeps = 0; !ended; sleeps++) {
      expect(sleeps).toBeLessThan(400);
      await run.host.clock.advance(60_000);
    }
    expect(mustFail(await running, 'host').message).toContain('pikaci attach run job');
    expect(run.host.incus.allInstances).toHaveLength(1);
    run.host.incus.execHandler = run.host.supervisor.handler;
    expect(must(await run.another().attach('run', 'job')).outcome.status).toBe('passed');
    expect(await run.state('guest.log')).toBe('begun\nthe rest\n');
  });

  it('asks before it says that a cancelled job did not end', async () => {
    const stop = new AbortController();
    const { run, running, asked, wake } = await asleep(stop.signal);
    stop.abort();
    while (!asked.includes('cancel')) await new Promise((resolve) => setImmediate(resolve));
    for (let sleeps = 0; !asked.includes('status'); sleeps++) {
      expect(sleeps).toBeLessThan(50);
      await run.host.clock.advance(10_000);
    }
    wake();
    const { outcome } = must(await running);
    expect(outcome).toMatchObject({ status: 'cancelled', exit_code: 143, log_bytes: 15 });
  });
});

describe('a runner that was taken for gone', () => {
  /** A job with two runners: the first has slept through the second's taking over, and is fed what comes next. */
  async function twoRunners(more = 'heard by both\n') {
    const [begun, first, second] = [gate(), gate(), gate()];
    const run = await memoryRun({
      clock: new MemoryClock(),
      script: async (job) => {
        job.write('begun\n');
        begun.open();
        await first.opened;
        if (more !== '') job.write(more);
        await second.opened;
        return 0;
      },
    });
    const { localFiles, processes } = run.host;
    const old = run.pikaci.runJob({ ...input, events: run.sink });
    await begun.opened;
    while (run.log() !== 'begun\n') await new Promise((resolve) => setImmediate(resolve));
    // As another container sees it whose holder has given no sign for long.
    processes.restart('elsewhere');
    must(await localFiles.rename(`${STATE}/.lock-1`, `${STATE}/.lock-2`));
    must(await localFiles.truncate(`${STATE}/.lock-2/holder.json`, 0));
    return { run, old, first, second };
  }

  it('writes nothing more into the log, also before its next look at the lock', async () => {
    const { run, old, first, second } = await twoRunners();
    const before = await run.state('guest.log');
    first.open();
    mustFail(await old, 'superseded');
    expect(await run.state('guest.log')).toBe(before);
    expect(run.log()).toBe('begun\n');
    expect(run.host.incus.allInstances).toHaveLength(1);
    second.open();
    const attached = must(await run.another().attach('run', 'job'));
    expect(attached.outcome.status).toBe('passed');
    expect(await run.state('guest.log')).toBe('begun\nheard by both\n');
  });

  it('records no outcome of its own', async () => {
    const { run, old, first, second } = await twoRunners('');
    const record = await run.state('job.json');
    second.open();
    first.open();
    mustFail(await old, 'superseded');
    expect(await run.state('job.json')).toBe(record);
    expect(run.host.incus.allInstances).toHaveLength(1);
  });
});
