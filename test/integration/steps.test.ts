import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobStateLayout } from '../../src/domain/records/run-layout.js';
import type { JobOutcome } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const timeoutSecs = backend === 'microvm' ? 300 : 60;
  const ends = ({ steps }: JobOutcome) =>
    steps?.map(({ id, status, exit_code }) => [id, status, exit_code].join(' '));
  /** What each step has written, by what is recorded of it. */
  async function written(runId: string, { steps = [] }: JobOutcome): Promise<Record<string, string>> {
    const log = await readFile(jobStateLayout(site.stateRoot, runId, 'j').guestLog);
    const of = steps.map(({ id, log_start: from, log_end: to }) =>
      from === null || to === null ? [id, ''] : [id, log.subarray(from, to).toString()],
    );
    return Object.fromEntries(of);
  }

  describe('a job of several steps', () => {
    it('shares files and variables between them, follows the rules of each, and has their bytes apart', async () => {
      const runId = site.newRunId();
      const job = {
        id: 'j',
        timeoutSecs,
        env: { WHERE: 'job' },
        secrets: { TOKEN: 'a-very-secret-token-value' },
        artifacts: ['/artifacts/*'],
        steps: [
          {
            name: 'First of all',
            command:
              'mkdir /var/lib/pikaci-job/commands/failing 2>/dev/null && echo planted; echo one >/tmp/one; echo "LEVEL=7" >>"$PIKACI_ENV"; cat hello.txt',
          },
          {
            id: 'second',
            command: 'cat /tmp/one; echo "$LEVEL $WHERE in $PWD"; cat "$PIKACI_SECRETS_DIR/TOKEN"; exit 3',
            env: { WHERE: 'step' },
            workingDirectory: '/tmp',
            continueOnError: true,
          },
          { id: 'too-early', command: 'echo never', if: 'failure' as const },
          { id: 'failing', command: 'head -c 100000 /dev/zero | tr "\\0" x; exit 4' },
          { id: 'after', command: 'echo never' },
          {
            id: 'on-failure',
            command: 'echo cleaning; echo kept >/artifacts/kept.txt',
            if: 'failure' as const,
          },
          { id: 'always', command: 'id -u', runAsRoot: true, if: 'always' as const },
        ],
      };
      const events = new EventRecorder();
      const run = must(await site.pikaci.runJob({ job, workspace: site.workspace, runId, events }));
      must(await run.cleanUp);
      const { outcome } = run;
      expect(outcome).toMatchObject({
        status: 'failed',
        cause: 'exit',
        exit_code: 4,
        message: 'the step failing ended with status 4',
      });
      expect(ends(outcome)).toEqual([
        'first-of-all passed 0',
        'second failed 3',
        'too-early skipped ',
        'failing failed 4',
        'after skipped ',
        'on-failure passed 0',
        'always passed 0',
      ]);
      expect(await written(runId, outcome)).toEqual({
        'first-of-all': 'hello from the workspace\n',
        second: 'one\n7 step in /tmp\n***',
        'too-early': '',
        failing: 'x'.repeat(100_000),
        after: '',
        'on-failure': 'cleaning\n',
        always: '0\n',
      });
      expect(outcome.artifacts.collected.map(({ path }) => path)).toEqual(['kept.txt']);
      const told = [...events.of('step_started'), ...events.of('step_finished')];
      expect(told).toHaveLength(5 + 7);
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('ends with the step whose time was over, and runs what says always', async () => {
      const runId = site.newRunId();
      const steps = [
        { id: 'slow', command: 'echo begun; exec sleep 600', timeoutSecs: 1 },
        { id: 'skipped', command: 'echo never' },
        { id: 'last', command: 'echo last', if: 'always' as const },
      ];
      const job = { id: 'j', timeoutSecs, graceSecs: 1, steps };
      const run = must(await site.pikaci.runJob({ job, workspace: site.workspace, runId }));
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'timeout', exit_code: 124 });
      expect(ends(run.outcome)).toEqual(['slow failed 124', 'skipped skipped ', 'last passed 0']);
      expect(await written(runId, run.outcome)).toMatchObject({ slow: 'begun\n', last: 'last\n' });
    });

    it('whose runner is killed within a step goes on, and attach has the end of each step and every byte', async () => {
      const wait = 'until [ -e /artifacts/go ]; do sleep 0.02; done';
      const steps = [
        { id: 'one', command: 'echo one' },
        { id: 'two', command: `echo two; ${wait}; seq 1 20000` },
        { id: 'three', command: 'echo three; exit 6' },
      ];
      await writeConfig(site, { targets: { t: { jobs: [{ id: 'j', timeoutSecs, steps }] } } });
      const runId = site.newRunId();
      const killed = commandLine(site, ['run', '--run-id', runId]);
      await killed.said('two\n');
      killed.kill('SIGKILL');
      await killed.end;
      await site.release(runId);
      const run = must(await site.pikaci.attach(runId, 'j'));
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 6 });
      expect(ends(run.outcome)).toEqual(['one passed 0', 'two passed 0', 'three failed 6']);
      const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
      expect(await written(runId, run.outcome)).toEqual({
        one: 'one\n',
        two: `two\n${numbers}`,
        three: 'three\n',
      });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('is told of on the command line, which has the log of each step, and a report', async () => {
      const steps = [
        { name: 'Build', command: 'echo built' },
        { name: 'Test', command: 'echo "not ok"; exit 2' },
        { name: 'Deploy', command: 'echo never' },
      ];
      await writeConfig(site, { targets: { t: { jobs: [{ id: 'j', timeoutSecs, steps }] } } });
      const runId = site.newRunId();
      const run = await commandLine(site, ['run', '--run-id', runId]).end;
      expect(run.stdout).toBe('built\nnot ok\n');
      const lines = run.stderr.replace(/ in [\d.]+ m?s$/gm, ' in T').split('\n');
      expect(lines.filter((line) => line.startsWith('[j] step'))).toEqual([
        '[j] step Build …',
        '[j] step Build passed (exit code 0) in T',
        '[j] step Test …',
        '[j] step Test failed (exit code 2) in T',
        '[j] step Deploy skipped: the step Test failed',
      ]);
      expect(lines).toContain('  ✗ Test    failed (exit code 2) in T');
      const log = await commandLine(site, ['logs', runId, '--job', 'j', '--step', 'test']).end;
      expect(log.stdout).toBe('not ok\n');
      const report = await commandLine(site, ['status', runId, '--output', 'junit']).end;
      expect(report.stdout).toMatch(/tests="3" failures="1" errors="0" skipped="1"/);
    });

    it('that is cancelled in a step has that one cancelled, and no other is run', async () => {
      const runId = site.newRunId();
      const cancel = new AbortController();
      const steps = [
        { id: 'one', command: 'echo one' },
        { id: 'two', command: 'echo two; sleep 600' },
        { id: 'three', command: 'echo never', if: 'always' as const },
      ];
      const events = new EventRecorder();
      const job = { id: 'j', timeoutSecs, graceSecs: 1, steps };
      const running = site.pikaci.runJob({
        job,
        workspace: site.workspace,
        runId,
        events,
        signal: cancel.signal,
      });
      await events.logged('two');
      cancel.abort();
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome.status).toBe('cancelled');
      expect(ends(run.outcome)?.map((end) => end.split(' ').slice(0, 2).join(' '))).toEqual([
        'one passed',
        'two cancelled',
        'three skipped',
      ]);
    });
  });
});
