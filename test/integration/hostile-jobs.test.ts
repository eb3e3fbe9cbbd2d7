import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ maxLogBytes: 1_000_000 });
});
afterAll(() => site[Symbol.asyncDispose]());

const forged =
  '{"schema_version":1,"status":"passed","exit_code":0,"finished_at":"2026-01-01T00:00:00Z","message":"ok","cause":"exit"}';

describe.concurrent('a job', () => {
  const lost = [
    // Again and again: an init that has only just begun does not hear signals yet.
    ['ends its machine', 'while :; do kill -TERM 1; sleep 0.1; done'],
    [
      'kills every process of its supervisor',
      'for p in started supervisor; do kill -KILL $(cut -d " " -f 1 /var/lib/pikaci/$p); done; sleep 20',
    ],
    ['kills all that it can reach', 'kill -KILL -1; sleep 20'],
  ] as const;
  it('cannot write where its supervisor’s directories are: not even the root directory is everybody’s', async () => {
    const command = 'stat -c "%a %U" / /var /var/lib /var/lib/pikaci; mv /var /var.old && echo moved';
    const { run, log } = await site.finish({ command });
    expect(log.toString()).toMatch(/^755 root\n755 root\n755 root\n700 root\nmv: /);
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit' });
  });

  for (const [what, command] of lost) {
    it(`that ${what} as root has failed, and its machine is gone`, async () => {
      const { run } = await site.finish({
        command: `echo begun; ${command}`,
        runAsRoot: true,
        timeoutSecs: 30,
      });
      expect(run.outcome.status).toBe('failed');
      expect(['lost', 'exit']).toContain(run.outcome.cause);
      expect(run.outcome.exit_code).not.toBe(0);
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });
  }

  it('that kills only its supervisor has no exit record, and so is lost', async () => {
    const command =
      'kill -KILL $(cut -d " " -f 1 /var/lib/pikaci/started) $(cut -d " " -f 1 /var/lib/pikaci/supervisor); sleep 20';
    const { run } = await site.finish({ command, runAsRoot: true, timeoutSecs: 30 });
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost', exit_code: null });
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('that leaves a `find` without an end keeps nobody for long who wants it to end', async () => {
    const abort = new AbortController();
    const runId = site.newRunId();
    const command = "echo kept >/artifacts/a; printf '#!/bin/sh\\nexec sleep 10000\\n' >/usr/bin/find";
    const running = site.pikaci.runJob({
      job: { id: 'j', command, runAsRoot: true, artifacts: ['/artifacts/*'] },
      workspace: site.workspace,
      runId,
      signal: abort.signal,
      events: {
        emit: (event) => {
          if (event.type === 'phase_started' && event.phase === 'collect_artifacts') abort.abort();
        },
      },
    });
    const { outcome, cleanUp } = must(await running);
    must(await cleanUp);
    expect(outcome).toMatchObject({ status: 'passed', exit_code: 0, artifacts: { collected: [] } });
    expect(outcome.artifacts.incomplete).toContain('could not be listed: interrupted, and nothing came');
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('that forges its result is not believed', async () => {
    const { run } = await site.finish({
      command: `echo '${forged}' >/artifacts/result.json; chmod 444 /artifacts/result.json; exit 4`,
      artifacts: ['/artifacts/**'],
    });
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 4 });
    // What it has written is a file of its own like any other.
    expect(run.outcome.artifacts.collected).toEqual([{ path: 'result.json', bytes: forged.length + 1 }]);
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it.each([
    ['a log and a result that say otherwise', `echo '${forged}' >guest.log; echo '${forged}' >result.json`],
    ['a FIFO in the place of its log', 'mkfifo guest.log'],
    ['a device in the place of its log', 'ln -s /dev/zero guest.log'],
  ])('of root that has put %s has its own end, also for whoever comes later', async (_what, put) => {
    const runId = site.newRunId();
    const leave = new AbortController();
    const wait = 'until [ -e go ]; do sleep 0.05; done';
    const job = {
      id: 'j',
      command: `cd /artifacts; echo begun; ${wait}; rm guest.log; ${put}; echo more; exit 3`,
      runAsRoot: true,
      timeoutSecs: 60,
      artifacts: ['/artifacts/*.log', '/artifacts/own'],
    };
    const events = new EventRecorder();
    const running = site.pikaci.runJob({
      job,
      workspace: site.workspace,
      runId,
      events,
      signal: leave.signal,
      onAbort: 'detach',
    });
    await events.logged('begun');
    leave.abort();
    expect(must(await running).outcome.status).toBe('detached');
    await site.release(runId);
    const run = must(await site.pikaci.attach(runId, 'j'));
    must(await run.cleanUp);
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 3 });
    // The log is what the supervisor keeps there: it is no artifact, whoever has written it.
    expect(run.outcome.artifacts).toMatchObject({ collected: [], refused: [], incomplete: null });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('that prints a status and JSON of the supervisor’s own kind only has that in its log', async () => {
    const line = `{"schema_version":1,"state":"finished","log_bytes":0,"result":${forged}}`;
    const { run, log } = await site.finish({ command: `echo '${line}' >&2; echo '${line}'; exit 6` });
    expect(log.toString()).toBe(`${line}\n${line}\n`);
    expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 6 });
  });

  it('that tries to change its log, its request or its supervisor as pikaci cannot', async () => {
    const { run, log } = await site.finish({
      command: `cd /artifacts; until [ -e guest-request.json ]; do sleep 0.01; done; for f in guest.log guest-request.json; do
          rm -f $f 2>/dev/null || echo "keeps $f"; (: >$f) 2>/dev/null || echo "protects $f"; done
        ls /var/lib/pikaci 2>/dev/null || echo 'hides its state'; (echo x >/workspace/snapshot/x) 2>/dev/null || echo 'reads only'`,
    });
    expect(log.toString()).toBe(
      'keeps guest.log\nprotects guest.log\nkeeps guest-request.json\nprotects guest-request.json\nhides its state\nreads only\n',
    );
    expect(run.outcome.status).toBe('passed');
  });

  it('that never stops printing is ended by its timeout, and only the configured part is kept', async () => {
    const { run, log } = await site.finish({ command: 'yes', timeoutSecs: 1, graceSecs: 0 });
    expect(log.length).toBe(1_000_000);
    expect(run.outcome).toMatchObject({
      status: 'failed',
      cause: 'timeout',
      kept_log_bytes: 1_000_000,
      log_cut: true,
    });
    expect(run.outcome.log_bytes).toBeGreaterThan(1_000_000);
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('cannot ask the daemon on the host anything', async () => {
    const { log } = await site.finish({
      command: 'ls /dev/incus /dev/lxd 2>/dev/null | wc -l',
      runAsRoot: true,
    });
    expect(log.toString()).toBe('0\n');
  });
});
