import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobStateLayout } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  const LINES = 20_000;
  const numbered = `awk 'BEGIN { for (i = 0; i < ${LINES}; i++) printf "line %05d\\n", i }'`;
  const whole = Array.from({ length: LINES }, (_, i) => `line ${String(i).padStart(5, '0')}\n`).join('');
  // Seconds, of which the runner misses more than there are.
  const TIMEOUT = 10;

  // What has nothing to do with the machine is tried on the one that takes no minute to boot.
  const isFast = backend === 'incus';
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

  const released = 'until [ -e /artifacts/go ]; do sleep 0.02; done';
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await writeConfig(site, {
      targets: {
        t: {
          jobs: [
            { id: 'short', command: `echo begun; sleep 1; ${numbered}`, timeoutSecs: TIMEOUT, graceSecs: 1 },
            { id: 'loud', command: `echo begun; ${numbered}; ${released}; echo over`, timeoutSecs: 120 },
            {
              id: 'late',
              command: `echo begun; ${released}; ${numbered}; sleep 1; echo over`,
              timeoutSecs: 120,
            },
            { id: 'fails', command: `echo begun; ${released}; exit 5`, timeoutSecs: 120 },
          ],
        },
      },
    });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const logOf = async (runId: string, jobId: string) =>
    (await readFile(jobStateLayout(site.stateRoot, runId, jobId).guestLog)).toString();

  describe.concurrent('a runner', () => {
    if (isFast)
      it('that was stopped for longer than its job may take has the result of the job, and its whole log', async () => {
        const runId = site.newRunId();
        const runner = commandLine(site, ['run', 't', '--job', 'short', '--run-id', runId]);
        await runner.said('begun');
        runner.kill('SIGSTOP');
        // What is tried is that time passes: the timeout, both graces, and some more.
        await new Promise((resolve) => setTimeout(resolve, (TIMEOUT + 2 + 3) * 1000));
        runner.kill('SIGCONT');
        expect(await runner.end).toMatchObject({ code: 0 });
        expect(await logOf(runId, 'short')).toBe(`begun\n${whole}`);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });

    it('that may write no more of the log leaves the job, and attach goes on without a hole', async () => {
      const runId = site.newRunId();
      // A file may have 64 KiB; dash counts in blocks of 512 bytes.
      const limited = ['/bin/dash', '-c', 'ulimit -f 128; exec "$@"', 'sh'];
      const args = ['run', 't', '--job', 'loud', '--run-id', runId];
      const { code, stderr } = await commandLine(site, args, {}, limited).end;
      expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('local_files') });
      expect(whole.startsWith((await logOf(runId, 'loud')).slice('begun\n'.length))).toBe(true);
      await site.release(runId, 'loud');
      const { code: attached } = await commandLine(site, ['attach', runId, 'loud']).end;
      expect(attached).toBe(0);
      expect(await logOf(runId, 'loud')).toBe(`begun\n${whole}over\n`);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    if (isFast)
      it('of another container that was stopped, was taken for gone, and wakes up adds nothing to the log', async () => {
        const runId = site.newRunId();
        const namespace = ['unshare', ...asRoot, '--pid', '--fork', '--kill-child'];
        const args = ['run', 't', '--job', 'late', '--run-id', runId];
        const old = commandLine(site, args, {}, namespace);
        await old.said('begun');
        const [inner = ''] = (await readFile(`/proc/${old.pid}/task/${old.pid}/children`, 'utf8')).split(' ');
        process.kill(Number(inner), 'SIGSTOP');
        const attach = commandLine(site, ['attach', runId, 'late', '--output', 'jsonl']);
        await attach.said('"job_started"');
        process.kill(Number(inner), 'SIGCONT');
        await site.release(runId, 'late');
        const { code, stderr } = await old.end;
        expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('superseded') });
        expect((await attach.end).code).toBe(0);
        expect(await logOf(runId, 'late')).toBe(`begun\n${whole}over\n`);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });

    if (isFast)
      it('that was stopped for longer than its lease takes no machine of another for its own, which has the same ids', async () => {
        const runId = site.newRunId();
        const old = commandLine(site, ['run', 't', '--job', 'late', '--run-id', runId]);
        await old.said('begun');
        old.kill('SIGSTOP');
        await site.endLease(runId, 'late');
        expect(must(await site.pikaci.reap()).deleted).toHaveLength(1);
        const other = site.open({ stateRoot: join(site.directory, 'other-state') });
        const events = new EventRecorder();
        const job = { id: 'late', command: `echo begun; ${released}; echo of the other` };
        const finished = other.runJob({ job, workspace: site.workspace, runId, events });
        await events.logged('begun');
        old.kill('SIGCONT');
        // It ends although the other's job goes on.
        expect((await old.end).code).not.toBe(0);
        // What its own machine said as it was removed may be there, too.
        expect((await logOf(runId, 'late')).match(/begun/g)).toHaveLength(1);
        await site.release(runId, 'late');
        const run = must(await finished);
        must(await run.cleanUp);
        expect(run.outcome).toMatchObject({ status: 'passed', cause: 'exit' });
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });

    it('that was to keep the machine of a job that fails, and is killed, has left that to attach', async () => {
      const runId = site.newRunId();
      const runner = commandLine(site, [
        'run',
        't',
        '--job',
        'fails',
        '--run-id',
        runId,
        '--keep-on-failure=600',
      ]);
      await runner.said('begun');
      runner.kill('SIGKILL');
      await runner.end;
      await site.release(runId, 'fails');
      const { code, stderr } = await commandLine(site, ['attach', runId, 'fails']).end;
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('is kept until') });
      const shell = must(await site.pikaci.shell(runId, 'fails'));
      must(await shell.write(Buffer.from('exit 3\n')));
      for await (const _ of shell.output);
      expect(must(await shell.exit).code).toBe(3);
      await site.endLease(runId, 'fails');
      expect(must(await site.pikaci.reap()).deleted).toHaveLength(1);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });
});
