import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Phase, Pikaci } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { connectTo } from '../support/host-connection.js';
import { proxied } from '../support/proxied-host.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await site.finish({ command: 'true' });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** 40 lines a step, for about two seconds; awk, so that the guest is not kept busy by forks. */
  const numbered = `awk 'BEGIN { for (i = 0; i < 2000; i++) { printf "line %04d\\n", i; if (i % 40 == 39) { fflush(); system("sleep 0.02") } } }'`;
  const whole = Array.from({ length: 2000 }, (_, i) => `line ${String(i).padStart(4, '0')}\n`).join('');

  /** A pikaci of the site that reaches the host through a proxy, and notices in half a second when nobody answers. */
  async function overProxy() {
    const route = await proxied(site.host, site.directory);
    const adapters = connectTo(route.host, { keepAliveMs: 200, keepAliveCount: 2 });
    const { shell, hostFiles, incus } = adapters;
    const pikaci: Pikaci = site.open({}, { adapters: { shell, hostFiles, incus } });
    return {
      pikaci,
      proxy: route.proxy,
      [Symbol.asyncDispose]: async () => {
        await pikaci.close();
        await adapters[Symbol.asyncDispose]();
        await route[Symbol.asyncDispose]();
      },
    };
  }

  describe('a connection that breaks in the middle of the log', () => {
    it('is made again, again and again, and not a byte is lost or doubled', async () => {
      await using over = await overProxy();
      const events = new EventRecorder();
      for (const line of [100, 500, 501, 1100, 1700])
        void events.logged(`line ${String(line).padStart(4, '0')}`).then(() => over.proxy.cut());
      const { run, log } = await site.finish({ command: `${numbered}; exit 3` }, { events }, over.pikaci);
      expect(log.toString()).toBe(whole);
      expect(events.log().toString()).toBe(whole);
      expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 3, log_bytes: whole.length });
      const lost = events.of('connection_lost');
      expect(lost.length).toBeGreaterThanOrEqual(3);
      expect(events.of('connection_resumed')).toHaveLength(lost.length);
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('in and between the steps of a job loses none of their bytes, and no end of theirs', async () => {
      await using over = await overProxy();
      const events = new EventRecorder();
      for (const line of [300, 1500]) {
        const text = `line ${String(line).padStart(4, '0')}`;
        void events.logged(text).then(() => over.proxy.cut());
      }
      void events
        .until(() => events.of('step_started').some(({ step_id }) => step_id === 'second'))
        .then(() => over.proxy.cut());
      const steps = [
        { id: 'first', command: `${numbered}; exit 3`, continueOnError: true },
        { id: 'second', command: 'sleep 0.2; echo second' },
        { id: 'third', command: 'echo third; exit 4' },
      ];
      const job = { id: 'j', steps, timeoutSecs: 120 };
      const runId = site.newRunId();
      const run = must(await over.pikaci.runJob({ job, workspace: site.workspace, runId, events }));
      must(await run.cleanUp);
      const log = await readFile(run.state.guestLog);
      const ends = run.outcome.steps?.map(({ id, exit_code, log_start, log_end }) => [
        id,
        exit_code,
        log.subarray(log_start ?? 0, log_end ?? 0).toString(),
      ]);
      expect(ends).toEqual([
        ['first', 3, whole],
        ['second', 0, 'second\n'],
        ['third', 4, 'third\n'],
      ]);
      expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 4 });
      expect(events.of('step_finished')).toHaveLength(3);
      expect(events.of('connection_lost').length).toBeGreaterThanOrEqual(1);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('while a step of an open machine runs loses none of its bytes, and the machine takes the next', async () => {
      await using over = await overProxy();
      await using machine = must(await over.pikaci.openMachine({ id: site.newRunId() }));
      let seen = '';
      let cuts = 0;
      const onOutput = (data: Uint8Array) => {
        seen += Buffer.from(data).toString();
        if (seen.length > (cuts + 1) * 5000 && cuts < 3) {
          cuts += 1;
          over.proxy.cut();
        }
      };
      const step = must(await machine.run({ command: `${numbered}; exit 3`, onOutput }));
      expect(step).toMatchObject({ status: 'failed', cause: 'exit', exitCode: 3 });
      expect(seen).toBe(whole);
      expect((await readFile(step.log)).toString()).toBe(whole);
      expect(cuts).toBe(3);
      expect(must(await machine.run({ command: 'exit 5' })).exitCode).toBe(5);
    });

    it('in silence is noticed, and not a byte is lost or doubled', async () => {
      await using over = await overProxy();
      const events = new EventRecorder();
      void events.logged('line 0700').then(() => over.proxy.freeze());
      const { run, log } = await site.finish({ command: numbered }, { events }, over.pikaci);
      expect(log.toString()).toBe(whole);
      expect(events.log().toString()).toBe(whole);
      expect(run.outcome.status).toBe('passed');
      expect(events.types()).toContain('connection_resumed');
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('while much is on its way loses nothing', async () => {
      await using over = await overProxy();
      const events = new EventRecorder();
      for (const bytes of [3_000_000, 9_000_000, 20_000_000])
        void over.proxy.whenReceived(bytes).then(() => over.proxy.cut());
      const { run, log } = await site.finish(
        { command: 'seq -w 0 9999999 | head -c 30000000 | tee /artifacts/copy; sha256sum </artifacts/copy' },
        { events },
        over.pikaci,
      );
      expect(log.subarray(30_000_000).toString().split(' ')[0]).toBe(
        createHash('sha256').update(log.subarray(0, 30_000_000)).digest('hex'),
      );
      expect(events.log().equals(log)).toBe(true);
      expect(events.of('connection_lost').length).toBeGreaterThanOrEqual(1);
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });
  });

  describe('a connection that breaks when a phase begins', () => {
    const atPhase = async (phase: Phase) => {
      await using over = await overProxy();
      const events = new EventRecorder();
      void events
        .until(() => events.of('phase_started').some((event) => event.phase === phase))
        .then(() => over.proxy.cut());
      const runId = site.newRunId();
      const job = {
        id: 'j',
        command: 'echo kept >/artifacts/kept',
        timeoutSecs: 30,
        artifacts: ['/artifacts/*'],
      };
      const run = await over.pikaci.runJob({ job, workspace: site.workspace, runId, events });
      const cleanUp = run.isOk() ? await run.value.cleanUp : null;
      return { run, cleanUp, left: await site.leftovers(runId) };
    };

    for (const phase of ['prepare_runtime', 'launch_guest'] as const) {
      it(`${phase}: the job fails for the host's sake or goes on, and leaves nothing behind`, async () => {
        const { run, left } = await atPhase(phase);
        if (run.isErr()) expect(['host', 'incus', 'host_files']).toContain(run.error.kind);
        else expect(run.value.outcome.status).toBe('passed');
        expect(left).toEqual(NOTHING_LEFT);
      });
    }

    it('collect_artifacts: they are asked for again', async () => {
      const { run, left } = await atPhase('collect_artifacts');
      const { outcome, state } = must(run);
      expect(outcome.artifacts).toMatchObject({ collected: [{ path: 'kept', bytes: 5 }], incomplete: null });
      expect(await readFile(`${state.artifactsDir}/kept`, 'utf8')).toBe('kept\n');
      expect(left).toEqual(NOTHING_LEFT);
    });

    it('clean_up: the machine and the directory still go', async () => {
      const { run, cleanUp, left } = await atPhase('clean_up');
      expect(must(run).outcome.status).toBe('passed');
      expect({ cleanUp, left }).toMatchObject({ cleanUp: { value: undefined }, left: NOTHING_LEFT });
    });
  });
});
