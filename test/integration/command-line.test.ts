import { type StdioOptions, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobStateLayout } from '../../src/index.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { builtCommand } from '../support/fresh-build.js';
import { git, temporaryRepository } from '../support/git-repository.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
let repository: Awaited<ReturnType<typeof temporaryRepository>>;
beforeAll(async () => {
  site = await Site.open();
  repository = await temporaryRepository();
  const waiting = `trap 'echo ended by TERM; exit 3' TERM; echo begun; while :; do sleep 0.02; done`;
  const { project, profile, image } = site.host;
  await writeConfig(site, {
    incus: { project, profile, image, untrustedProfile: profile },
    hooks: {
      jo: {
        from: 'forgejo',
        repo: 'owner/name',
        url: `file://${repository.path}`,
        secret: { env: 'HOOK' },
        target: 'pushed',
      },
    },
    targets: {
      pushed: { jobs: [{ id: 'a', command: `cat file; [ "$PIKACI_BRANCH" != slow ] || { ${waiting}; }` }] },
      pass: {
        jobs: [
          { id: 'a', command: 'cat hello.txt; echo out >/artifacts/out.txt', artifacts: ['/artifacts/*'] },
        ],
      },
      fail: {
        jobs: [
          { id: 'a', command: 'echo why; exit 42' },
          { id: 'b', command: 'echo fine' },
        ],
      },
      wait: { jobs: [{ id: 'a', command: waiting, graceSecs: 2 }] },
      hurried: {
        jobs: [
          {
            id: 'a',
            command: `echo out >/artifacts/out.txt; trap '' TERM; echo begun; while :; do sleep 0.02; done`,
            graceSecs: 60,
            artifacts: ['/artifacts/*'],
          },
        ],
      },
      deaf: {
        jobs: [{ id: 'a', command: `trap '' TERM; echo begun; while :; do sleep 0.02; done`, graceSecs: 60 }],
      },
    },
  });
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
});

function pikaci(...args: string[]) {
  const runId = site.newRunId();
  return { runId, ...commandLine(site, [...args, ...(args[0] === 'run' ? ['--run-id', runId] : [])]) };
}
const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Takes the job up, and destroys it as soon as it is followed; the exit status of `pikaci attach`. */
async function destroyByAttach(runId: string): Promise<number | null> {
  const attached = commandLine(site, [
    'attach',
    runId,
    'a',
    '--output',
    'jsonl',
    '--on-interrupt',
    'destroy',
  ]);
  await attached.said('"phase":"wait_for_completion"');
  attached.kill('SIGTERM');
  return (await attached.end).code;
}

describe('pikaci run with its output redirected', () => {
  it('into the workspace leaves that file out of what is sent', async () => {
    const runId = site.newRunId();
    const args = [builtCommand, 'run', 'pass', '--run-id', runId, '--output', 'jsonl'];
    const [out, log] = await Promise.all(
      ['out.jsonl', 'log.txt'].map((name) => open(join(site.workspace, name), 'w')),
    );
    const env = { PATH: process.env['PATH'] ?? '', HOME: site.directory };
    const stdio: StdioOptions = ['ignore', out?.fd, log?.fd];
    const [code] = await once(spawn(process.execPath, args, { cwd: site.workspace, env, stdio }), 'exit');
    await Promise.all([out?.close(), log?.close()]);
    const text = await readFile(join(site.workspace, 'out.jsonl'), 'utf8');
    for (const name of ['out.jsonl', 'log.txt']) await rm(join(site.workspace, name));
    expect(code).toBe(0);
    expect(lines(text).at(-1)).toMatchObject({ type: 'run_finished', exit_code: 0 });
  });
});

describe.concurrent('pikaci run', () => {
  it('ends with 0 for a passed job, having shown its log, its phases and where its artifacts are', async () => {
    const { runId, end } = pikaci('run', 'pass');
    const { code, stdout, stderr } = await end;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const shown = `${stdout}${stderr}`;
    expect(stdout).toContain('hello from the workspace\n');
    const state = jobStateLayout(site.stateRoot, runId, 'a');
    expect(shown).toContain(state.artifactsDir);
    expect(shown).not.toContain('\u001b');
    expect((await readdir(state.jobDir)).sort()).toEqual(
      expect.arrayContaining(['artifacts', 'guest.log', 'host.log', 'job.json']),
    );
    expect(await readFile(join(state.artifactsDir, 'out.txt'), 'utf8')).toBe('out\n');
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('ends with 1 for a failed job, and --output jsonl carries the exit code of each', async () => {
    const { runId, end } = pikaci('run', 'fail', '--output', 'jsonl');
    const { code, stdout } = await end;
    expect(code).toBe(1);
    const events = lines(stdout);
    const finished = events.filter(({ type }) => type === 'job_finished');
    expect(Object.fromEntries(finished.map(({ job_id, exit_code }) => [job_id, exit_code]))).toEqual({
      a: 42,
      b: 0,
    });
    expect(events.at(-1)).toMatchObject({ type: 'run_finished', run_id: runId, exit_code: 1 });
    const logOf = (id: string) =>
      events
        .filter(({ type, job_id }) => type === 'log' && job_id === id)
        .map(({ text }) => text)
        .join('');
    expect([logOf('a'), logOf('b')]).toEqual(['why\n', 'fine\n']);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('ends with 2 for a target that is not there', async () => {
    const { code, stderr } = await pikaci('run', 'no-such').end;
    expect(code).toBe(2);
    expect(stderr).toMatch(/no-such/);
  });

  it('ends with 3 when the host given by --host cannot be reached', async () => {
    const { code, stderr } = await pikaci('run', 'pass', '--host', 'root@127.0.0.1:1').end;
    expect(code).toBe(3);
    expect(stderr).toMatch(/127\.0\.0\.1:1/);
  });

  it('ends with 130 after Ctrl-C, the job having been told and the machine removed', async () => {
    const { runId, end, said, kill } = pikaci('run', 'wait');
    await said('begun');
    kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    expect(stdout).toContain('ended by TERM\n');
    expect(stderr).toMatch(/interrupted/);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('INT, then TERM, as forges cancel: what there is comes back, and the machine is gone, long before the grace', async () => {
    const { runId, end, said, kill } = pikaci('run', 'hurried');
    await said('begun');
    kill('SIGINT');
    await said('interrupted');
    const from = performance.now();
    kill('SIGTERM');
    const { code, stderr } = await end;
    const state = jobStateLayout(site.stateRoot, runId, 'a');
    expect({ code, stderr, out: await readFile(join(state.artifactsDir, 'out.txt'), 'utf8') }).toEqual({
      code: 130,
      stderr: expect.stringContaining('a cancelled (exit code 137, cancelled)'),
      out: 'out\n',
    });
    expect(performance.now() - from).toBeLessThan(30_000);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('leaves at once after a second Ctrl-C, and says what it leaves behind', async () => {
    const { runId, end, said, kill } = pikaci('run', 'deaf');
    await said('begun');
    kill('SIGINT');
    await said('interrupted');
    kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    const [left] = (await site.leftovers(runId)).instances;
    expect(`${stdout}${stderr}`).toContain(String(left));
    expect(await destroyByAttach(runId)).toBe(130);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('leaves the job running with --on-interrupt detach, and attach takes it up', async () => {
    const { runId, end, said, kill } = pikaci('run', 'wait', '--on-interrupt', 'detach');
    await said('begun');
    kill('SIGINT');
    expect((await end).code).toBe(130);
    expect((await site.leftovers(runId)).instances).toHaveLength(1);
    expect(await destroyByAttach(runId)).toBe(130);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});

describe('pikaci machine', () => {
  it('leaves at once after a second Ctrl-C, and says how the step is ended and the machine removed', async () => {
    const opened = await commandLine(site, ['machine', 'open', '--id', 'left']).end;
    expect([opened.code, opened.stdout]).toEqual([0, 'left\n']);
    const deaf = `trap '' TERM; echo begun; while :; do sleep 0.02; done`;
    const running = commandLine(site, ['machine', 'run', 'left', deaf]);
    await running.said('begun');
    running.kill('SIGINT');
    await running.said('Ctrl-C leaves at once');
    running.kill('SIGINT');
    const end = await running.end;
    expect(end.code).toBe(130);
    const [, remedy = ''] = /^ {2}pikaci (machine cancel left s-[0-9a-f]+)$/m.exec(end.stderr) ?? [];
    // As it stands there.
    const cancelled = await commandLine(site, remedy.split(' ')).end;
    expect([cancelled.code, cancelled.stderr]).toEqual([
      0,
      expect.stringMatching(/was cancelled|had ended: /),
    ]);
    expect((await commandLine(site, ['machine', 'close', 'left']).end).code).toBe(0);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('pikaci doctor', () => {
  it('finds nothing wrong with this host', async () => {
    const { code, stdout } = await pikaci('doctor', '--output', 'json').end;
    const report = JSON.parse(stdout) as { checks: { name: string; status: string; detail: string }[] };
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(code).toBe(0);
    expect(stdout).toContain('6.0');
  });

  it('ends with 3 and a remedy when the host cannot be reached', async () => {
    const { code, stdout } = await pikaci('doctor', '--host', 'root@127.0.0.1:1', '--output', 'json').end;
    expect(code).toBe(3);
    const { checks } = JSON.parse(stdout) as { checks: { status: string; remedy: string | null }[] };
    expect(checks.find(({ status }) => status === 'failed')?.remedy).toBeTruthy();
  });
});

it('serve --hooks runs what a forge has pushed, a request of whoever may read untrusted, and goes on when it was killed', async () => {
  await writeFile(join(repository.path, 'file'), 'of the commit\n');
  await git(repository.path, 'add', '.');
  await git(repository.path, 'commit', '-qm', 'first');
  const commit = await git(repository.path, 'rev-parse', 'HEAD');
  const key = 'a-shared-value-of-some-length';
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const start = async () => {
    const server = commandLine(site, ['serve', '--hooks', '--port', String(port)], { HOOK: key });
    await server.said('http://');
    return server;
  };
  const send = async (event: string, payload: object): Promise<string> => {
    const body = JSON.stringify({ ...payload, repository: { full_name: 'owner/name', id: 1 } });
    const headers = {
      'x-forgejo-signature': createHmac('sha256', key).update(body).digest('hex'),
      'x-forgejo-event': event,
    };
    const answer = await fetch(`http://127.0.0.1:${port}/hooks/jo`, { method: 'POST', body, headers });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { run: string }).run;
  };
  const push = (branch: string) => send('push', { ref: `refs/heads/${branch}`, after: commit });
  const ended = (run: string, branch: string) => `run ${run} of ${branch} at ${commit.slice(0, 12)}: passed`;
  const server = await start();
  const head = { sha: commit, ref: 'refs/pull/7/head', label: '', repo: { full_name: 'owner/name', id: 1 } };
  const request = { action: 'opened', number: 7, pull_request: { head, base: { ref: 'main' } } };
  const [first, byAgit, slow, last] = [
    await push('main'),
    await send('pull_request', request),
    await push('slow'),
    await push('last'),
  ];
  await server.said(ended(first, 'main'));
  await server.said(ended(byAgit, 'pull/7'));
  const log = join(site.stateRoot, 'runs', slow, 'jobs/a/guest.log');
  await expect.poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 60_000 }).toContain('begun');
  server.kill('SIGKILL');
  await server.end;
  const again = await start();
  await again.said(`run ${slow} of slow at ${commit.slice(0, 12)} was under way when the server ended`);
  await again.said(ended(last, 'last'));
  again.kill('SIGTERM');
  expect((await again.end).code).toBe(0);
  await destroyByAttach(slow);
  const trusts = [first, byAgit, last].map(async (run) => {
    const directory = join(site.stateRoot, 'runs', run);
    expect(await readFile(join(directory, 'jobs/a/guest.log'), 'utf8')).toBe('of the commit\n');
    expect(await site.leftovers(run)).toEqual(NOTHING_LEFT);
    return JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')).options.trust;
  });
  expect(await Promise.all(trusts)).toEqual([undefined, 'untrusted', undefined]);
  expect(await site.leftovers(slow)).toEqual(NOTHING_LEFT);
});
