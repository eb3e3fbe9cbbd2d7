import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnAbort } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    // The snapshot is staged, so that every other job here reaches its launch at once.
    await site.finish({ command: 'true' });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** Starts a job and fires its signal as soon as `moment` has come. */
  function abortable(
    command: string,
    onAbort: OnAbort,
    moment: (events: EventRecorder) => Promise<void>,
    { graceSecs = 2, hurry = new AbortController() } = {},
  ) {
    const events = new EventRecorder();
    const abort = new AbortController();
    const runId = site.newRunId();
    const running = site.pikaci.runJob({
      job: { id: 'j', command, timeoutSecs: 60, graceSecs, artifacts: ['/artifacts/*'] },
      workspace: site.workspace,
      runId,
      events,
      signal: abort.signal,
      hurry: hurry.signal,
      onAbort,
    });
    void moment(events).then(() => abort.abort());
    return { runId, events, running };
  }

  describe.concurrent('the signal of a running job', () => {
    it('cancel: the job is told to end, its last words and artifacts are kept, and the machine goes', async () => {
      const { runId, running, events } = abortable(
        `trap 'echo last words; echo kept >/artifacts/kept; exit 3' TERM; echo begun; while :; do sleep 0.05; done`,
        'cancel',
        (seen) => seen.logged('begun'),
      );
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled', exit_code: 3 });
      expect(run.outcome.artifacts.collected).toEqual([{ path: 'kept', bytes: 5 }]);
      expect(events.log().toString()).toMatch(/^begun\n(Terminated\n)?last words\n$/);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('cancel: a job that does not listen is killed after its grace', async () => {
      const { runId, running } = abortable(
        `trap '' TERM; echo begun; while :; do sleep 0.05; done`,
        'cancel',
        (events) => events.logged('begun'),
      );
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('cancel, then hurry: a job that does not listen is killed now, and collected all the same', async () => {
      const hurry = new AbortController();
      const { runId, running, events } = abortable(
        `trap 'echo told' TERM; echo kept >/artifacts/kept; echo begun; while :; do sleep 0.05 || :; done`,
        'cancel',
        (seen) => seen.logged('begun'),
        { graceSecs: 600, hurry },
      );
      void events.logged('told').then(() => hurry.abort());
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled', exit_code: 137 });
      expect(run.outcome.artifacts.collected).toEqual([{ path: 'kept', bytes: 5 }]);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('destroy: the machine goes at once, with whatever it was doing', async () => {
      const { runId, running, events } = abortable(
        `trap '' TERM; echo begun; echo lost >/artifacts/lost; while :; do sleep 0.05; done`,
        'destroy',
        (seen) => seen.logged('begun'),
      );
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'cancelled', cause: 'cancelled', exit_code: null });
      expect(run.outcome.artifacts.collected).toEqual([]);
      expect(events.log().toString()).toBe('begun\n');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('detach: the job runs on, and attach brings the rest of its log and its result', async () => {
      const { runId, running, events } = abortable(
        `echo begun; until [ -e /artifacts/go ]; do sleep 0.05; done; echo ended; exit 5`,
        'detach',
        (seen) => seen.logged('begun'),
      );
      const left = must(await running);
      expect(left.outcome).toMatchObject({ status: 'detached', cause: 'detached', exit_code: null });
      expect(events.log().toString()).toBe('begun\n');
      await site.release(runId);
      const rest = new EventRecorder();
      const run = must(await site.pikaci.attach(runId, 'j', { events: rest }));
      must(await run.cleanUp);
      expect(rest.log().toString()).toBe('ended\n');
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 5, log_bytes: 12 });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });

  describe.concurrent('the signal of a job that does not run yet', () => {
    for (const onAbort of ['cancel', 'destroy', 'detach'] as const) {
      it(`${onAbort}: fired before the start, nothing is started`, async () => {
        const abort = new AbortController();
        abort.abort();
        const runId = site.newRunId();
        const job = { id: 'j', command: 'true' };
        const fault = mustFail(
          await site.pikaci.runJob({ job, workspace: site.workspace, runId, signal: abort.signal, onAbort }),
          'cancelled',
        );
        expect(fault.message).toMatch(/cancel/i);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });

      it(`${onAbort}: fired while the machine is being made, the machine is removed`, async () => {
        const { runId, running } = abortable('true', onAbort, (events) =>
          events.until(() => events.of('phase_started').some(({ phase }) => phase === 'launch_guest')),
        );
        mustFail(await running, 'cancelled');
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });
    }
  });
});
