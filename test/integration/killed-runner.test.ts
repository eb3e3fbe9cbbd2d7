import { copyFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JobSpecInput, jobRecordSchema, jobStateLayout } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  const SECRET = 'kill-me-not-4711-secret';
  const numbered = `awk 'BEGIN { for (i = 0; i < 400; i++) { printf "line %04d\\n", i; fflush(); if (i % 10 == 9) system("sleep 0.02") } }'`;
  const whole = Array.from({ length: 400 }, (_, i) => `line ${String(i).padStart(4, '0')}\n`).join('');

  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    const job = (id: string, command: string, more: Partial<JobSpecInput> = {}) => ({
      id,
      command,
      timeoutSecs: 60,
      artifacts: ['/artifacts/*.txt'],
      ...more,
      secrets: { TOKEN: { env: 'THE_TOKEN' } },
    });
    await writeConfig(site, {
      targets: {
        t: {
          jobs: [
            job('long', `${numbered}; echo kept >/artifacts/kept.txt; exit 9`),
            job(
              'short',
              'echo begun; echo kept >/artifacts/kept.txt; until [ -e /artifacts/go ]; do sleep 0.02; done; echo done; exit 4',
            ),
            {
              id: 'early',
              command: 'echo early >/artifacts/early.txt; sleep 0.3; exit 7',
              timeoutSecs: 60,
              artifacts: ['/artifacts/*.txt'],
            },
            {
              id: 'collected',
              command: 'cd /artifacts; echo a >a.txt; truncate -s 150M big.txt; echo z >z.txt',
              timeoutSecs: 60,
              artifacts: ['/artifacts/*.txt'],
            },
            job(
              'secretive',
              'cat "$PIKACI_SECRETS_DIR/TOKEN"; echo " begun"; until [ -e /artifacts/go ]; do sleep 0.02; done; cat "$PIKACI_SECRETS_DIR/TOKEN"',
            ),
          ],
        },
      },
    });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** Starts `pikaci run`, and kills it with SIGKILL as soon as the job has said something. */
  async function killedRun(jobId: string, word: string): Promise<string> {
    const runId = site.newRunId();
    const runner = commandLine(site, ['run', 't', '--job', jobId, '--run-id', runId], { THE_TOKEN: SECRET });
    await runner.said(word);
    runner.kill('SIGKILL');
    expect((await runner.end).signal).toBe('SIGKILL');
    return runId;
  }

  const layout = (runId: string, jobId: string) => jobStateLayout(site.stateRoot, runId, jobId);
  /** Asks until the job has left its result. */
  async function finished(runId: string, jobId: string): Promise<void> {
    while (!(await site.hasArtifact(runId, jobId, 'result.json')));
  }

  describe.concurrent('a runner that was killed in the middle of a job', () => {
    it('is replaced through the API: the log is whole, and the artifacts and the result are there', async () => {
      const runId = await killedRun('long', 'line 0100');
      const events = new EventRecorder();
      const run = must(await site.pikaci.attach(runId, 'long', { events }));
      must(await run.cleanUp);
      expect((await readFile(run.state.guestLog)).toString()).toBe(whole);
      expect(whole.endsWith(events.log().toString())).toBe(true);
      expect(run.outcome).toMatchObject({
        status: 'failed',
        cause: 'exit',
        exit_code: 9,
        log_bytes: whole.length,
      });
      expect(run.outcome.artifacts.collected).toEqual([{ path: 'kept.txt', bytes: 5 }]);
      expect(await readFile(join(run.state.artifactsDir, 'kept.txt'), 'utf8')).toBe('kept\n');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      const again = must(await site.pikaci.attach(runId, 'long'));
      expect(again.outcome).toEqual(run.outcome);
    });

    it('is replaced by `pikaci attach`, which ends with the status of the job', async () => {
      const runId = await killedRun('long', 'line 0200');
      const { code, stdout } = await commandLine(site, ['attach', runId, 'long', '--output', 'jsonl']).end;
      expect(code).toBe(1);
      expect((await readFile(layout(runId, 'long').guestLog)).toString()).toBe(whole);
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        type: 'run_finished',
        exit_code: 1,
        jobs: [{ job_id: 'long', status: 'failed', exit_code: 9 }],
      });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('whose job ended meanwhile is replaced: what it left is collected', async () => {
      const runId = await killedRun('short', 'begun');
      await site.release(runId, 'short');
      await finished(runId, 'short');
      const run = must(await site.pikaci.attach(runId, 'short'));
      must(await run.cleanUp);
      expect((await readFile(run.state.guestLog)).toString()).toBe('begun\ndone\n');
      expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 4 });
      expect(run.outcome.artifacts.collected).toEqual([{ path: 'kept.txt', bytes: 5 }]);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('had secrets: whoever takes over masks them, without having been told them', async () => {
      const runId = await killedRun('secretive', ' begun');
      await site.release(runId, 'secretive');
      const { code, stdout, stderr } = await commandLine(site, ['attach', runId, 'secretive']).end;
      expect(code).toBe(0);
      const state = layout(runId, 'secretive');
      expect((await readFile(state.guestLog)).toString()).toBe('*** begun\n***');
      for (const file of [state.hostLog, state.jobRecord])
        expect(await readFile(file, 'utf8')).not.toContain(SECRET);
      expect(`${stdout}${stderr}`).not.toContain(SECRET);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('and that nobody takes up: whoever removes its machine keeps what the job has left, and `pikaci recover` brings it back', async () => {
      const [ended, running] = await Promise.all([
        killedRun('short', 'begun'),
        backend === 'incus' ? killedRun('secretive', ' begun') : null,
      ]);
      await site.release(ended, 'short');
      await finished(ended, 'short');
      // It is off behind its job's end.
      const vm = `${site.workDir}/runs/${ended}/jobs/short/vm`;
      if (backend === 'microvm')
        await site.onHost(
          'read -r pid _ <"$1/machine"; while kill -0 "-$pid" 2>/dev/null; do sleep 0.1; done',
          vm,
        );
      if (running !== null) {
        await site.switchOff(ended, 'short');
        await site.switchOff(running, 'secretive');
      }
      await site.endLease(ended, 'short');
      if (running !== null) await site.endLease(running, 'secretive');
      const reaped = must(await site.pikaci.reap());
      expect(reaped).toMatchObject({ failed: [], notKept: [] });
      const both = [{ runId: ended, jobId: 'short' }, running ?? []].flat();
      expect(reaped.keptJobs).toEqual(
        expect.arrayContaining(
          both.map((one) => (typeof one === 'string' ? { runId: one, jobId: 'secretive' } : one)),
        ),
      );
      expect(await site.leftovers(ended)).toEqual(NOTHING_LEFT);
      expect(must(await site.pikaci.keptJobs())).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ runId: ended, jobId: 'short', target: 't', exitCode: 4, artifacts: 1 }),
        ]),
      );
      const back = await commandLine(site, ['recover', ended, '--output', 'json']).end;
      expect([back.code, back.stderr]).toEqual([0, '']);
      expect(JSON.parse(back.stdout)).toMatchObject({
        recovered: [{ job_id: 'short', status: 'failed', cause: 'exit', exit_code: 4 }],
        refused: [],
      });
      const state = layout(ended, 'short');
      expect(await readFile(state.guestLog, 'utf8')).toBe('begun\ndone\n');
      expect(await readFile(join(state.artifactsDir, 'kept.txt'), 'utf8')).toBe('kept\n');
      const attached = must(await site.pikaci.attach(ended, 'short'));
      expect(attached.outcome).toMatchObject({
        exit_code: 4,
        artifacts: { collected: [{ path: 'kept.txt' }] },
      });
      mustFail(await site.pikaci.recover({ runId: ended }), 'no_such_job');
      if (running === null) return;
      expect(await site.leftovers(running)).toEqual(NOTHING_LEFT);
      // By somebody who has nothing of it; of a job that still ran there is no result.
      const elsewhere = site.open({ stateRoot: join(site.stateRoot, 'recovered') });
      const { recovered } = must(await elsewhere.recover({ runId: running, jobId: 'secretive' }));
      expect(recovered).toMatchObject([{ outcome: { status: 'failed', cause: 'lost', exit_code: null } }]);
      expect(await readFile(recovered[0]?.state.guestLog ?? '', 'utf8')).toBe('*** begun\n');
      mustFail(await elsewhere.recover({ runId: running }), 'no_such_job');
    });

    it('and whose machine was lost is told so: no result is invented', async () => {
      const runId = await killedRun('short', 'begun');
      await site.loseMachine(runId, 'short');
      const run = must(await site.pikaci.attach(runId, 'short'));
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost', exit_code: null });
      const record = jobRecordSchema.parse(JSON.parse(await readFile(run.state.jobRecord, 'utf8')));
      expect(record.outcome).toEqual(run.outcome);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });

  describe('a runner that is killed while it collects', () => {
    const SIZE = 150 * 1024 ** 2;

    /** Kills it when a part of the large file is here. */
    async function killedCollecting(): Promise<string> {
      const runId = site.newRunId();
      const runner = commandLine(site, ['run', 't', '--job', 'collected', '--run-id', runId]);
      const { artifactsDir } = layout(runId, 'collected');
      const sizes = async () => {
        const names = await readdir(artifactsDir).catch(() => []);
        const sizeOf = (name: string) => stat(join(artifactsDir, name)).then(({ size }) => size);
        return Promise.all(names.map((name) => sizeOf(name).catch(() => 0)));
      };
      while (!(await sizes()).some((size) => size > 1000)) await pause(2);
      runner.kill('SIGKILL');
      expect((await runner.end).signal).toBe('SIGKILL');
      const left = await sizes();
      expect(left.some((size) => size > 1000 && size < SIZE)).toBe(true);
      const record = jobRecordSchema.parse(
        JSON.parse(await readFile(layout(runId, 'collected').jobRecord, 'utf8')),
      );
      expect(record).toMatchObject({ ended: { status: 'passed', exit_code: 0 }, outcome: null });
      return runId;
    }

    it('leaves nothing of it behind: what is there then is what the record says, and whole', async () => {
      const runId = await killedCollecting();
      const run = must(await site.pikaci.attach(runId, 'collected'));
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
      const { collected, refused, incomplete } = run.outcome.artifacts;
      expect({ refused, incomplete }).toEqual({ refused: [], incomplete: null });
      const here = await readdir(run.state.artifactsDir);
      expect(here.sort()).toEqual(['a.txt', 'big.txt', 'z.txt']);
      expect(collected.map(({ path }) => path).sort()).toEqual(here);
      for (const { path, bytes } of collected)
        expect((await stat(join(run.state.artifactsDir, path))).size).toBe(bytes);
      expect((await stat(join(run.state.artifactsDir, 'big.txt'))).size).toBe(SIZE);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    // What a microVM leaves outlives it.
    if (backend === 'incus')
      it('and whose machine is gone by then has the end that it had seen, and no file that the record does not know', async () => {
        const runId = await killedCollecting();
        await site.loseMachine(runId, 'collected');
        const run = must(await site.pikaci.attach(runId, 'collected'));
        must(await run.cleanUp);
        expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0, artifacts: { collected: [] } });
        expect(run.outcome.artifacts.incomplete).not.toBeNull();
        expect(await readdir(run.state.artifactsDir).catch(() => [])).toEqual([]);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });
  });

  describe('a runner that is killed as its machine starts', () => {
    /** At random, each after as many ms as it says. */
    const KILLS = Number(process.env['PIKACI_EARLY_KILLS'] ?? (backend === 'incus' ? 10 : 2));
    const AT_ONCE = backend === 'incus' ? 4 : 1;

    it(`leaves a job that ends with its own exit code: ${KILLS} kills within 200 ms of the machine's start`, async () => {
      const runs = Array.from({ length: KILLS }, () => ({ runId: site.newRunId(), ms: Math.random() * 200 }));
      const ends: string[] = [];
      const waiting = [...runs];
      const lane = async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          const { runId, ms } = next;
          const args = ['run', 't', '--job', 'early', '--run-id', runId, '--output', 'jsonl'];
          const runner = commandLine(site, args);
          await runner.said('"instance_created"');
          await new Promise((resolve) => setTimeout(resolve, ms));
          runner.kill('SIGKILL');
          await runner.end;
          const attached = await site.pikaci.attach(runId, 'early');
          const end = attached.isOk()
            ? `${attached.value.outcome.cause} ${attached.value.outcome.exit_code}, ${attached.value.outcome.artifacts.incomplete}`
            : attached.error.message;
          ends.push(end === 'exit 7, null' ? 'its own' : `after ${ms.toFixed(1)} ms: ${end}`);
          if (attached.isOk()) must(await attached.value.cleanUp);
          expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      expect(ends).toEqual(runs.map(() => 'its own'));
    });
  });

  describe('attach', () => {
    it('says so when there is no such job', async () => {
      mustFail(await site.pikaci.attach('no-such-run', 'j'), 'no_such_job');
      const { code, stderr } = await commandLine(site, ['attach', 'no-such-run', 'j']).end;
      expect(code).toBe(2);
      expect(stderr).toMatch(/no_such_job on local: there is no run no-such-run in \S+ that has a job j\n$/);
    });

    it('leaves a job to a runner that still lives, also when that one is stopped', async () => {
      const runId = site.newRunId();
      const runner = commandLine(site, ['run', 't', '--job', 'short', '--run-id', runId], {
        THE_TOKEN: SECRET,
      });
      await runner.said('begun');
      runner.kill('SIGSTOP');
      const fault = mustFail(await site.pikaci.attach(runId, 'short'), 'job_in_use');
      expect(fault.message).toContain(`process ${runner.pid} of `);
      expect((await commandLine(site, ['attach', runId, 'short']).end).code).toBe(2);
      runner.kill('SIGCONT');
      await site.release(runId, 'short');
      expect((await runner.end).code).toBe(1);
      expect((await readFile(layout(runId, 'short').guestLog)).toString()).toBe('begun\ndone\n');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('with state of its own takes a job over, and the runner that had it is told', async () => {
      const runId = site.newRunId();
      const events = new EventRecorder();
      const pikaci = site.open({ leaseSecs: 5 });
      const job = {
        id: 'j',
        command: 'echo begun; until [ -e /artifacts/go ]; do sleep 0.02; done',
        timeoutSecs: 60,
      };
      const first = pikaci.runJob({ job, workspace: site.workspace, runId, events });
      await events.logged('begun');
      const stateRoot = join(site.stateRoot, 'elsewhere');
      const moved = jobStateLayout(stateRoot, runId, 'j');
      await mkdir(moved.jobDir, { recursive: true });
      await copyFile(layout(runId, 'j').jobRecord, moved.jobRecord);
      const second = site.open({ stateRoot }).attach(runId, 'j');
      mustFail(await first, 'superseded');
      await site.release(runId);
      const run = must(await second);
      must(await run.cleanUp);
      expect(run.outcome.status).toBe('passed');
      expect((await readFile(moved.guestLog)).toString()).toBe('begun\n');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });
});
