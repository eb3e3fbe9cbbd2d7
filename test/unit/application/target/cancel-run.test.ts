import { describe, expect, it } from 'vitest';
import { cancelRun } from '../../../../src/application/records/cancel-run.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory } from './target-in-memory.js';

/** A run whose first job waits, and whose second would come after it. */
async function runThatWaits({ endsSlowly = false } = {}) {
  let began: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  let letGo: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const memory = await TargetInMemory.of(
    {
      jobs: [
        { id: 'a', command: 'wait' },
        { id: 'b', command: 'next', dependsOn: ['a'] },
      ],
    },
    {
      script: async ({ request, cancelled }) => {
        if (request.command !== 'wait') return 0;
        began();
        await (endsSlowly ? released : Promise.race([released, cancelled]));
        return 0;
      },
    },
  );
  const { localFiles: files, processes, clock } = memory.host;
  const ports = { files, processes, clock };
  const cancel = (signal?: AbortSignal) =>
    cancelRun(ports, { stateRoot: '/state', runId: 'run', by: 'somebody', ...(signal ? { signal } : {}) });
  const asked = () => files.stat('/state/runs/run/cancel.json');
  /** A runner of another machine that has stopped looks like one that lives. */
  const unanswered = async () => {
    if ((await files.stat('/state/runs/run/run.json')).isErr()) {
      letGo();
      must(await must(await memory.start()).cleanUp);
    }
    const record = JSON.parse(await memory.text('run/run.json'));
    const [job] = record.jobs;
    const stopped = { ...job, id: 'unrecorded', status: 'running', finished_at: null };
    const run = { ...record, status: 'running', finished_at: null, jobs: [stopped] };
    must(await files.writeFile('/state/runs/run/run.json', Buffer.from(JSON.stringify(run))));
  };
  return { memory, begun, release: () => letGo(), cancel, asked, unanswered };
}

describe('a run that another process asks to end', () => {
  it('is cancelled as by its own signal, says who asked, and leaves no trace of the wish', async () => {
    const { memory, begun, cancel, asked } = await runThatWaits();
    const started = memory.start();
    await begun;
    expect(must(await cancel())).toEqual({ kind: 'seen' });
    const run = must(await started);
    must(await run.cleanUp);
    expect(run.record.status).toBe('cancelled');
    expect(run.record.jobs.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'cancelled'],
      ['b', 'skipped'],
    ]);
    expect(memory.events.flatMap((one) => (one.type === 'run_warning' ? [one.message] : []))).toContain(
      'is cancelled: somebody asked it to end',
    );
    expect((await asked()).isErr()).toBe(true);
    expect(must(await cancel())).toEqual({ kind: 'not_running', status: 'cancelled' });
    expect((await asked()).isErr()).toBe(true);
  });

  it('is cancelled by a wish that came before it looked for the first time, or that cannot be read', async () => {
    const { memory, begun } = await runThatWaits();
    const { localFiles, clock } = memory.host;
    const started = memory.start();
    await begun;
    must(await localFiles.writeFile('/state/runs/run/cancel.json', Buffer.from('{')));
    clock.advance(6_000);
    const run = must(await started);
    must(await run.cleanUp);
    expect(run.record.status).toBe('cancelled');
  });

  it('is told apart from one that has ended, that nobody carries out, that does not answer, and that is not there', async () => {
    const { memory, begun, cancel, asked, release, unanswered } = await runThatWaits();
    expect((await cancel())._unsafeUnwrapErr()).toMatchObject({ kind: 'no_such_run' });
    const started = memory.start();
    await begun;
    // Who is too impatient has not asked.
    expect((await cancel(AbortSignal.abort()))._unsafeUnwrapErr()).toMatchObject({ kind: 'aborted' });
    expect((await asked()).isErr()).toBe(true);
    release();
    const run = must(await started);
    must(await run.cleanUp);
    expect(must(await cancel())).toEqual({ kind: 'not_running', status: 'passed' });
    await unanswered();
    expect(must(await cancel())).toEqual({ kind: 'unseen' });
    expect((await asked()).isErr()).toBe(true);
  });

  it('is seen to be asked once more while it ends', async () => {
    const { memory, begun, cancel, asked, release } = await runThatWaits({ endsSlowly: true });
    const started = memory.start();
    await begun;
    expect(must(await cancel())).toEqual({ kind: 'seen' });
    expect(must(await cancel())).toEqual({ kind: 'seen' });
    release();
    const run = must(await started);
    must(await run.cleanUp);
    expect(run.record.status).toBe('cancelled');
    expect(memory.events.filter((one) => one.type === 'run_warning')).toHaveLength(1);
    expect((await asked()).isErr()).toBe(true);
  });

  it('is not said to have seen what somebody else who asked has withdrawn', async () => {
    const { memory, cancel, asked, unanswered } = await runThatWaits();
    await unanswered();
    const answers = await Promise.all([cancel(), cancel()]);
    expect(answers.map(must)).toEqual([{ kind: 'unseen' }, { kind: 'unseen' }]);
    expect((await asked()).isErr()).toBe(true);
    // Who is impatient withdraws nothing of somebody else's.
    const { localFiles: files, clock } = memory.host;
    const write = files.writeFile.bind(files);
    const impatient = new AbortController();
    files.writeFile = async (path, ...rest) => {
      const written = await write(path, ...rest);
      if (path.endsWith('/cancel.json')) await write(path, Buffer.from('{"by":"another"}'));
      impatient.abort();
      return written;
    };
    expect((await cancel(impatient.signal))._unsafeUnwrapErr()).toMatchObject({ kind: 'aborted' });
    expect((await asked()).isOk()).toBe(true);
    // One that ends by itself is not waited for any longer.
    const record = JSON.parse(await memory.text('run/run.json'));
    files.writeFile = async (path, ...rest) => {
      const ended = { ...record, status: 'passed', jobs: [{ ...record.jobs[0], status: 'passed' }] };
      await write('/state/runs/run/run.json', Buffer.from(JSON.stringify(ended)));
      return write(path, ...rest);
    };
    const since = clock.monotonic();
    expect(must(await cancel())).toEqual({ kind: 'not_running', status: 'passed' });
    expect(clock.monotonic() - since).toBeLessThan(2_000);
  });
});
