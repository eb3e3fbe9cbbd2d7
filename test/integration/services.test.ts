import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobSpecInput, TargetConfigInput } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { blocksOf } from '../support/documents.js';
import { EventRecorder } from '../support/event-recorder.js';
import { removeTemplates } from '../support/remove-templates.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

type Service = NonNullable<JobSpecInput['services']>[number];

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(async () => {
  await removeTemplates(site);
  await site[Symbol.asyncDispose]();
});

/** Serves a text at port 80. */
function web(name: string, text: string): Service {
  return {
    name,
    command: `echo "$MARK"; exec busybox httpd -f -p 80 -h /srv`,
    runAsRoot: true,
    env: { MARK: `${name} serves` },
    files: [{ path: '/srv/index.html', content: `${text}\n` }],
    ready: { tcp: 80 },
  };
}

/** Names of the networks that pikaci has made for jobs. */
async function networks(): Promise<string[]> {
  const all = must(await site.incus.networks(site.host.project));
  return all.map(({ name }) => name).filter((name) => name.startsWith('pks-'));
}

describe('services beside a job', () => {
  it('are reached by their names, each job’s own and no other’s, and not the host; they are gone with it', async () => {
    const bridge = (await site.onHost('ip -4 -o addr show pikacibr0')).match(/inet ([0-9.]+)/)?.[1] ?? '';
    const command = [
      'busybox wget -q -O - http://db/; busybox wget -q -O - http://dbx/; busybox wget -q -O - http://web/',
      // By the network of the services, with an address that the host would answer.
      `ip route replace ${bridge}/32 dev svc0 src "$(ip -4 -o addr show eth0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/')"`,
      `! timeout 1 bash -c 'exec 3<>/dev/tcp/${bridge}/22' || echo the host is reached`,
      'until [ -e /artifacts/go ]; do sleep 0.02; done',
    ].join('\n');
    const runs = await Promise.all(
      ['one', 'two'].map(async (mark) => {
        const runId = site.newRunId();
        const events = new EventRecorder();
        const services = [{ ...web('db', `db of ${mark}`), aliases: ['dbx'] }, web('web', `web of ${mark}`)];
        const finished = site.finish({ command, runAsRoot: true, services }, { runId, events });
        // One that failed says nothing, and why at once.
        await Promise.race([events.logged(`web of ${mark}`), finished]);
        return { mark, runId, finished, events };
      }),
    );
    // Both are up, each on a network of its own.
    expect(await networks()).toHaveLength(2);
    for (const { runId } of runs) await site.release(runId);
    for (const { mark, finished, events } of runs) {
      const { run, log } = await finished;
      expect(run.outcome).toMatchObject({ status: 'passed' });
      expect(log.toString()).toBe(`db of ${mark}\ndb of ${mark}\nweb of ${mark}\n`);
      expect(run.outcome.services).toMatchObject([
        { name: 'db', status: 'running', exit_code: null, log_bytes: 10 },
        { name: 'web', status: 'running' },
      ]);
      const kept = await readFile(`${run.state.jobDir}/services/db/guest.log`, 'utf8');
      expect(kept).toBe('db serves\n');
      expect(events.events.filter(({ type }) => type === 'service_ready')).toHaveLength(2);
    }
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    expect(await networks()).toEqual([]);
  });

  it('fail a job by name that waits for them in vain, and one that dies is in its outcome', async () => {
    const unheard = {
      ...web('db', ''),
      command: 'echo here I am; exec busybox httpd -f -p 127.0.0.1:80',
      readyTimeoutSecs: 4,
    };
    const [vain, early, dead] = await Promise.all([
      site.finish({ command: 'echo begun', services: [unheard] }),
      site.finish({
        command: 'echo begun',
        services: [{ name: 'db', command: 'echo no; exit 7', ready: { log: 'never' } }],
      }),
      site.finish({
        command: [
          // It dies when somebody has called.
          'until (exec 3<>/dev/tcp/db/81) 2>/dev/null; do sleep 0.05; done',
          'while (exec 3<>/dev/tcp/db/80) 2>/dev/null; do sleep 0.05; done; exit 5',
        ].join('\n'),
        shell: 'bash',
        services: [
          {
            ...web('db', ''),
            command:
              'busybox httpd -f -p 80 -h /srv & web=$!; busybox nc -l -p 81 </dev/null >/dev/null; kill $web; exit 3',
          },
        ],
      }),
    ]);
    expect(vain.run.outcome).toMatchObject({ status: 'failed', cause: 'services', exit_code: null });
    expect(vain.run.outcome.message).toMatch(/service db was not ready within 4 s.*127\.0\.0\.1/);
    expect(vain.log.toString()).toBe('');
    expect(JSON.stringify(vain.events.events)).toContain('db | here I am');
    expect(early.run.outcome.message).toMatch(/service db ended before it was ready \(exit code 7\)/);
    expect(dead.run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 5 });
    expect(dead.run.outcome.message).toContain('the service db had ended before (exit code 3)');
    expect(dead.run.outcome.services).toMatchObject([{ name: 'db', status: 'ended', exit_code: 3 }]);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    expect(await networks()).toEqual([]);
  });

  it('are a real PostgreSQL and a real Redis, as the document has them, from Debian’s packages', async () => {
    const [example = ''] = blocksOf('docs/services.md', 'json');
    const target = JSON.parse(example) as TargetConfigInput;
    const pikaci = site.open({ targets: { t: target } });
    const password = 'pw-0f-the-database';
    const secrets = { test: { DB_PASSWORD: password } };
    const runId = site.newRunId();
    const ran = must(await pikaci.runTarget({ target: 't', workspace: site.workspace, runId, secrets }));
    must(await ran.cleanUp);
    const job = `${site.stateRoot}/runs/${runId}/jobs/test`;
    const logs = await Promise.all(
      ['guest.log', 'services/db/guest.log', 'services/cache/guest.log'].map((log) =>
        readFile(`${job}/${log}`, 'utf8'),
      ),
    );
    expect(logs[0]).toBe('42\nPONG\n');
    expect(logs[1]).toContain('database system is ready to accept connections');
    expect(logs[2]).toContain('Ready to accept connections');
    expect(await readFile(`${job}/job.json`, 'utf8')).not.toContain(password);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  }, 240_000);

  it('are taken up with their job, and reaped where nobody does', async () => {
    const command =
      'echo begun; until [ -e /artifacts/go ]; do sleep 0.02; done; busybox wget -q -O - http://db/';
    const services = [
      { ...web('db', 'still here'), ready: { command: 'echo probing; test -e /srv/index.html' } },
    ];
    const left = async () => {
      const runner = site.open();
      const leave = new AbortController();
      const events = new EventRecorder();
      const runId = site.newRunId();
      const running = site.finish(
        { command, services },
        { runId, events, signal: leave.signal, onAbort: 'detach' },
        runner,
      );
      await Promise.race([events.logged('begun'), running]);
      leave.abort();
      expect((await running).run.outcome.status).toBe('detached');
      await runner.close();
      return runId;
    };
    const [taken, reaped] = await Promise.all([left(), left()]);
    const attached = site.pikaci.attach(taken, 'j');
    await site.release(taken);
    const { outcome, cleanUp, state } = must(await attached);
    must(await cleanUp);
    expect(outcome).toMatchObject({ status: 'passed', services: [{ name: 'db', status: 'running' }] });
    expect(await readFile(state.guestLog, 'utf8')).toBe('begun\nstill here\n');
    expect(await readFile(`${state.jobDir}/services/db/guest.log`, 'utf8')).toBe('db serves\n');
    expect(await site.leftovers(taken)).toEqual(NOTHING_LEFT);

    const [network = ''] = await networks();
    const key = 'user.pikaci.lease_expires_at_ms';
    await site.onHost('incus network set "$1" "$2=1000" </dev/null', network, key);
    for (const { name, config } of must(await site.incus.instances(site.host.project)))
      if (config['user.pikaci.run'] === reaped)
        must(await site.incus.patchInstance(site.host.project, name, { [key]: '1000' }));
    const report = must(await site.pikaci.reap());
    expect(report).toMatchObject({ failed: [], abandonedFailed: null });
    expect(report.deleted).toHaveLength(2);
    expect(report.abandoned).toContain(network);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    expect(await networks()).toEqual([]);
  });
});
