import { err } from 'neverthrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { OpenTerminal } from '../../src/application/machine/guest-shell.js';
import { serve } from '../../src/composition/serve.js';
import { incusInstanceName } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

/** What a shell shows that was opened as from the page of a job, and made larger. */
async function typedOnPage(site: Site, { runId, jobId }: { runId: string; jobId: string }) {
  const token = 'a-token-of-some-length';
  const { pikaci } = site;
  const stateRoot = site.config().stateRoot ?? '.pikaci';
  const terminal: OpenTerminal = (call) => pikaci.shell(call.runId, call.jobId, call);
  await using server = must(await serve(stateRoot, { host: '127.0.0.1', port: 0, token, terminal }));
  const address = `${server.url}/runs/${runId}/jobs/${jobId}/terminal`;
  const headers = { authorization: `Bearer ${token}` };
  const { ticket } = (await (await fetch(address, { method: 'POST', headers })).json()) as { ticket: string };
  const protocols = ['pikaci-terminal', `ticket.${ticket}`];
  const socket = new WebSocket(address.replace('http', 'ws'), protocols, { origin: server.url });
  let [shown, ended] = ['', ''];
  socket.on('open', () => {
    socket.send(JSON.stringify({ columns: 80, rows: 24 }));
  });
  let isTyped = false;
  socket.on('message', (data, isBinary) => {
    if (!isBinary) ended = (JSON.parse(String(data)) as { ended: string }).ended;
    else shown += String(data);
    // It has a prompt: the shell is there, and has a terminal to make larger.
    if (isTyped || !isBinary) return;
    isTyped = true;
    socket.send(JSON.stringify({ columns: 100, rows: 30 }));
    const size = 'until [ "$(stty size)" = "30 100" ]; do sleep 0.1; done';
    socket.send(
      Buffer.from(`${size}; echo "$(stty size | cut -d" " -f2) columns of $(cat /tmp/state)"; exit 4\n`),
    );
  });
  await new Promise((resolve) => socket.on('close', resolve));
  return { shown, ended };
}

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  describe('the machine of a job that failed', () => {
    it('is kept when that was asked for: its outcome is there, a shell opens in it, and a reaper takes it', async () => {
      const runId = site.newRunId();
      const job = {
        id: 'j',
        command: 'echo broken >/tmp/state; echo kept >/artifacts/kept.txt; exit 5',
        artifacts: ['/artifacts/*.txt'],
        timeoutSecs: backend === 'microvm' ? 300 : 60,
      };
      const run = must(
        await site.pikaci.runJob({ job, workspace: site.workspace, runId, keepOnFailureSecs: 600 }),
      );
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 5 });
      expect(run.outcome.artifacts.collected.map(({ path }) => path)).toEqual(['kept.txt']);
      if (backend === 'microvm') mustFail(await site.pikaci.fork(runId, 'j'), 'backend_unavailable');
      const shell = must(await site.pikaci.shell(runId, 'j', { columns: 80, rows: 24 }));
      let shown = '';
      const reading = (async () => {
        for await (const { data } of shell.output) shown += Buffer.from(data).toString('utf8');
      })();
      must(
        await shell.write(Buffer.from('echo "it is $(cat /tmp/state), I am $(id -un) of $HOME"; exit 3\n')),
      );
      expect(must(await shell.exit).code).toBe(3);
      await reading;
      expect(shown).toContain('it is broken, I am pikaci of /home/pikaci');
      const page = await typedOnPage(site, { runId, jobId: 'j' });
      expect(page.shown).toContain('100 columns of broken');
      expect(page.ended).toBe('the shell has ended with status 4');
      await site.endLease(runId);
      expect(must(await site.pikaci.reap()).deleted).toHaveLength(1);
      expect(
        (await site.pikaci.shell(runId, 'j', { columns: 80, rows: 24 }))._unsafeUnwrapErr().message,
      ).toContain('is gone');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it.runIf(backend === 'incus')(
      'is forked: the copy has its files, what it wrote into the workspace among them, and none of its identity or secrets',
      async () => {
        const runId = site.newRunId();
        const secret = 'f0rk-s3cr3t-0f-the-job';
        const job = {
          id: 'j',
          command: [
            'echo first >>/tmp/state; cat /tmp/state',
            'echo more >>hello.txt; echo new >new.txt; cat hello.txt',
            'echo 0123456789abcdef0123456789abcdef >/etc/machine-id',
            'mkdir -p /etc/ssh; echo key >/etc/ssh/ssh_host_ed25519_key',
            'test -n "$(cat "$PIKACI_SECRETS_DIR/TOKEN")"; exit 5',
          ].join('\n'),
          runAsRoot: true,
          writableWorkspace: true,
          env: { WHOSE: 'the job' },
          secrets: { TOKEN: secret },
          timeoutSecs: 60,
        };
        const run = must(
          await site.pikaci.runJob({ job, workspace: site.workspace, runId, keepOnFailureSecs: 600 }),
        );
        must(await run.cleanUp);
        const name = incusInstanceName(runId, 'j');
        const before = must(await site.incus.instance(site.host.project, name));
        const forked = await site.pikaci.fork(runId, 'j', { leaseSecs: 60 });
        const { machine: copy, commands, missingSecrets } = must(forked);
        expect(missingSecrets).toEqual(['TOKEN']);
        let said = '';
        const onOutput = (data: Uint8Array) => {
          said += Buffer.from(data).toString('utf8');
        };
        const look = `cat hello.txt new.txt; echo "$WHOSE" "$(wc -c </etc/machine-id)"; ls /etc/ssh; echo "\${PIKACI_SECRETS_DIR-none}"`;
        must(await copy.run({ command: `${look}; echo of the copy >>new.txt`, onOutput }));
        expect(said).toBe('hello from the workspace\nmore\nnew\nthe job 0\nnone\n');
        said = '';
        const search = `! grep -rqsF "$(echo ${Buffer.from(secret).toString('base64')} | base64 -d)" /var /tmp /root /etc /artifacts /workspace`;
        expect(must(await copy.run({ command: search })).exitCode).toBe(0);
        // What the job ran, once more: on what it had left.
        const [{ step } = must(err('no command'))] = commands;
        expect(must(await copy.run({ ...step, onOutput })).exitCode).not.toBe(0);
        expect(said).toContain('first\nfirst\nhello from the workspace\nmore\nmore\n');

        const again = must(await copy.fork());
        said = '';
        must(await again.run({ command: 'cat new.txt', onOutput }));
        expect(said).toBe('new\n');
        must(await again.release());
        must(await copy.release());
        const after = must(await site.incus.instance(site.host.project, name));
        expect(after).toEqual(before);
        expect(must(await site.incus.instanceSnapshots(site.host.project, name))).toEqual([]);
        // What a process leaves that is killed while it forks.
        must(await site.incus.snapshotInstance(site.host.project, { instance: name, snapshot: 'fork-left' }));
        await site.endLease(runId);
        expect(must(await site.pikaci.reap()).deleted).toEqual([name]);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      },
    );

    it('goes at once when it passed', async () => {
      const runId = site.newRunId();
      const { run } = await site.finish({ command: 'true' }, { runId, keepOnFailureSecs: 600 });
      expect(run.outcome.status).toBe('passed');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });
});
