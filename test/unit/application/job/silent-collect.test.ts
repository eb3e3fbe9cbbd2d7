import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make', artifacts: ['/artifacts/*'] };

/** A job that has passed and whose guest, once it is asked for its files, says nothing any more. */
async function silentRun(onAbort: 'cancel' | 'destroy', job: Partial<JobSpecInput> = {}) {
  const run = await memoryRun({ clock: new MemoryClock() });
  const { handler } = run.host.supervisor;
  let listed = () => {};
  const listing = new Promise<void>((resolve) => {
    listed = resolve;
  });
  run.host.incus.execHandler = async function* (process) {
    if (!process.request.command.includes('list')) return yield* handler(process);
    listed();
    await process.signalled;
    return 137;
  };
  const interrupt = new AbortController();
  const input = { job: { ...JOB, ...job }, workspace: WORKSPACE, runId: 'run' };
  const running = run.pikaci.runJob({ ...input, events: run.sink, signal: interrupt.signal, onAbort });
  await listing;
  return { run, running, interrupt };
}

describe('a job whose guest does not give its artifacts', () => {
  it('ends a minute later, and says what is missing and why', async () => {
    const { run, running } = await silentRun('cancel');
    await run.host.clock.advance(60_000);
    const { outcome, cleanUp } = must(await running);
    must(await cleanUp);
    expect(outcome).toMatchObject({
      status: 'passed',
      artifacts: {
        collected: [],
        incomplete: "the guest's files could not be listed: nothing came from the guest for 60 s",
      },
    });
    expect(run.host.incus.allInstances).toEqual([]);
  });

  it('has not passed when they are required', async () => {
    const { run, running } = await silentRun('cancel', {
      artifacts: { paths: ['/artifacts/*'], required: true },
    });
    await run.host.clock.advance(60_000);
    const { outcome } = must(await running);
    expect(outcome).toMatchObject({ status: 'failed', cause: 'artifacts' });
    expect(outcome.message).toContain('nothing came from the guest for 60 s');
  });

  it('ends a few seconds after the first interrupt, with how the job ended and what is missing', async () => {
    const { run, running, interrupt } = await silentRun('cancel');
    interrupt.abort();
    await run.host.clock.advance(15_000);
    const { outcome } = must(await running);
    expect(outcome).toMatchObject({ status: 'passed', exit_code: 0 });
    expect(outcome.artifacts.incomplete).toBe(
      "the guest's files could not be listed: interrupted, and nothing came from the guest for 15 s",
    );
    expect(run.events.filter(({ type }) => type === 'artifacts_collected')).toMatchObject([
      { artifacts: outcome.artifacts },
    ]);
  });

  it('ends at once where an interrupt destroys the machine', async () => {
    const { running, interrupt } = await silentRun('destroy');
    interrupt.abort();
    expect(must(await running).outcome.artifacts.incomplete).toContain('could not be listed');
  });
});
