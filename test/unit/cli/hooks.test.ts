import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { HeldBodies } from '../../../src/adapters/http/routes/held-bodies.js';
import { git, temporaryRepository } from '../../support/git-repository.js';
import { Cli } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

/** Git runs beside other tests. */
const LONG = { timeout: 30_000 };
const SECRET = 'a-shared-value-of-some-length';

/** A server with hooks for a repository of its own, and the forge that sends to it. */
async function server({
  script,
  env = {},
  hook = {},
}: {
  script?: JobScript;
  env?: Record<string, string>;
  hook?: object;
} = {}) {
  const repository = await temporaryRepository();
  const directory = repository.path;
  writeFileSync(join(directory, 'file'), 'first');
  // As someone sends it who may not decide where it runs.
  writeFileSync(join(directory, 'pikaci.config.json'), '{"host":"local","targets":{}}');
  await git(directory, 'add', '.');
  await git(directory, 'commit', '-qm', 'first');
  const commit = (await git(directory, 'rev-parse', 'HEAD')).trim();
  await git(directory, 'update-ref', 'refs/pull/7/head', 'HEAD');
  await git(directory, 'update-ref', 'refs/merge-requests/7/head', 'HEAD');
  const common = {
    repo: 'Owner/name',
    url: `file://${directory}`,
    secret: { env: 'HOOK' },
    target: 't',
    ...hook,
  };
  const config = {
    host: { ssh: 'ci@box' },
    incus: { untrustedProfile: 'fenced' },
    targets: { t: { jobs: [{ id: 'a', command: 'true' }] } },
    hooks: {
      hub: { from: 'github', ...common },
      lab: { from: 'gitlab', ...common },
      jo: { from: 'forgejo', ...common, branches: ['main', 'v*'] },
    },
  };
  const files = { 'pikaci.config.json': JSON.stringify(config) };
  const first = new Cli({
    files,
    env: { HOOK: SECRET, ...env },
    ...(script === undefined ? {} : { script }),
  });
  const start = async (
    cli = new Cli({
      cwd: first.folder,
      homeDir: first.folder,
      env: { HOOK: SECRET },
      ...(script === undefined ? {} : { script }),
    }),
  ) => {
    const ended = cli.run('serve', '--hooks', '--port', '0', '--state-root', 'state');
    await expect.poll(() => cli.stdout.text, LONG).toMatch(/^http:\/\/\S+\n$/);
    const url = cli.stdout.text.trim();
    const send = async (name: string, body: string, headers: Record<string, string>) => {
      const answer = await fetch(`${url}/hooks/${name}`, { method: 'POST', body, headers });
      return [answer.status, await answer.json()] as const;
    };
    return {
      cli,
      ended,
      url,
      send,
      stop: async () => {
        cli.ctrlC();
        return await ended;
      },
    };
  };
  return { start, commit, folder: first.folder, directory };
}

const push = (commit: string, more: object = {}) =>
  JSON.stringify({
    ref: 'refs/heads/main',
    after: commit,
    repository: { full_name: 'owner/Name', id: 1, clone_url: 'file:///etc' },
    ...more,
  });
const pull = (commit: string, from: number | null, action = 'opened', head: object = {}) =>
  JSON.stringify({
    action,
    number: 7,
    pull_request: {
      head: {
        sha: commit,
        ref: 'main',
        repo: from === null ? null : { full_name: 'x/y', id: from },
        ...head,
      },
      base: { ref: 'main' },
    },
    repository: { full_name: 'Owner/name', id: 1 },
  });
let deliveries = 0;
const signed = (body: string, event = 'push', key = SECRET, id = `d${++deliveries}`) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
  'x-github-event': event,
  'x-github-delivery': id,
});

describe('pikaci serve --hooks', () => {
  it('runs the target in a fresh clone at the commit of a push, and nothing of what the payload says of addresses', async () => {
    const seen: string[] = [];
    const { start, commit } = await server({
      script: async (job, input) => {
        const workspace = input?.workspace ?? '';
        seen.push(
          readFileSync(join(workspace, 'file'), 'utf8'),
          (await git(workspace, 'rev-parse', 'HEAD')).trim(),
        );
        return job.end({});
      },
    });
    const { cli, send, stop } = await start();
    const body = push(commit);
    const [status, answer] = await send('hub', body, signed(body));
    expect([status, answer]).toEqual([202, { run: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{8}$/) }]);
    await expect.poll(() => cli.stderr.text, LONG).toContain(': passed');
    expect(seen).toEqual(['first', commit]);
    expect(cli.pikaci.targetInputs[0]).toMatchObject({
      target: 't',
      branch: 'main',
      runId: (answer as { run: string }).run,
    });
    expect(existsSync(cli.pikaci.targetInputs[0]?.workspace ?? '')).toBe(false);
    expect(cli.created.map(({ config }) => config.trust)).toEqual(['trusted']);
    expect(await stop()).toBe(0);
  });

  it('takes a fork for what it is, on each forge, and its branch for none of this repository', async () => {
    const { start, commit } = await server();
    const { cli, send, stop } = await start();
    const fork = pull(commit, 2);
    expect((await send('hub', fork, signed(fork, 'pull_request')))[0]).toBe(202);
    const gone = pull(commit, null, 'reopened');
    expect((await send('hub', gone, signed(gone, 'pull_request')))[0]).toBe(202);
    const own = pull(commit, 1, 'synchronize');
    expect((await send('hub', own, signed(own, 'pull_request')))[0]).toBe(202);
    const merge = (source: number) =>
      JSON.stringify({
        project: { path_with_namespace: 'Owner/name' },
        object_attributes: {
          iid: 7,
          action: 'open',
          target_branch: 'main',
          source_project_id: source,
          target_project_id: 1,
          last_commit: { id: commit },
        },
      });
    const lab = { 'x-gitlab-event': 'Merge Request Hook', 'x-gitlab-token': SECRET };
    expect((await send('lab', merge(2), lab))[0]).toBe(202);
    const jo = (body: string) => ({
      'x-forgejo-signature': signed(body)['x-hub-signature-256'].slice(7),
      'x-forgejo-event': 'pull_request',
    });
    const last = pull(commit, 3);
    expect((await send('jo', last, jo(last)))[0]).toBe(202);
    // By whoever may read: `git push origin HEAD:refs/for/main`.
    for (const head of [
      { ref: 'refs/pull/7/head', label: '', repo_id: 1 },
      { ref: 'refs/pull/7/head', label: 'main' },
      { ref: 'main', label: '' },
      { ref: null },
      { ref: 'side', label: 'side' },
    ]) {
      const body = pull(commit, 1, 'synchronized', head);
      expect((await send('jo', body, jo(body)))[0]).toBe(202);
    }
    await expect.poll(() => cli.stderr.text.match(/: passed/g)?.length, LONG).toBe(10);
    expect(cli.created.map(({ config }) => config.trust)).toEqual([
      'untrusted',
      'untrusted',
      'trusted',
      'untrusted',
      'untrusted',
      'untrusted',
      'untrusted',
      'untrusted',
      'untrusted',
      'trusted',
    ]);
    expect(new Set(cli.pikaci.targetInputs.map(({ branch }) => branch))).toEqual(new Set(['pull/7']));
    await stop();
  });

  it('refuses what is not signed with the secret, and says of no name that it is none', async () => {
    const { start, commit } = await server();
    const { cli, url, send, stop } = await start();
    const body = push(commit);
    const wrong = [
      await send('hub', body, {}),
      await send('hub', body, signed(body, 'push', 'another-key-of-some-length')),
      await send('hub', `${body} `, signed(body)),
      await send('hub', body, { ...signed(body), 'x-hub-signature-256': '' }),
      await send('lab', body, { 'x-gitlab-token': `${SECRET}x`, 'x-gitlab-event': 'Push Hook' }),
      await send('jo', body, signed(body)),
      await send('nobody', body, signed(body)),
      await send('__proto__', body, signed(body)),
    ];
    expect(wrong.map(([status]) => status)).toEqual(wrong.map(() => 401));
    expect(new Set(wrong.map(([, answer]) => JSON.stringify(answer))).size).toBe(1);
    const other = push(commit, { repository: { full_name: 'evil/name', id: 9 } });
    expect((await send('hub', other, signed(other)))[0]).toBe(400);
    for (const [ref, after] of [
      ['refs/heads/-x', commit],
      ['refs/heads/a..b', commit],
      ['refs/heads/main', '--upload-pack=x'],
      ['refs/heads/a:b', commit],
    ]) {
      const odd = push(commit, { ref, after });
      expect((await send('hub', odd, signed(odd)))[0]).toBe(400);
    }
    expect((await send('hub', '{', signed('{')))[0]).toBe(400);
    const get = await fetch(`${url}/hooks/hub`);
    expect(get.status).toBe(404);
    expect(cli.pikaci.targetInputs).toEqual([]);
    await stop();
  });

  it('ignores what starts nothing', async () => {
    const { start, commit } = await server({ hook: { on: ['push'] } });
    const { send, stop } = await start();
    const closed = pull(commit, 1, 'closed');
    const bodies: [string, string, Record<string, string>][] = [
      ['hub', '{}', signed('{}', 'ping')],
      ['hub', closed, signed(closed, 'pull_request')],
    ];
    for (const more of [{ after: '0'.repeat(40) }, { ref: 'refs/tags/v1' }])
      bodies.push(['hub', push(commit, more), signed(push(commit, more))]);
    const side = push(commit, { ref: 'refs/heads/side' });
    bodies.push([
      'jo',
      side,
      { 'x-gitea-signature': signed(side)['x-hub-signature-256'].slice(7), 'x-gitea-event': 'push' },
    ]);
    const opened = pull(commit, 1);
    bodies.push(['hub', opened, signed(opened, 'pull_request')]);
    for (const [name, body, headers] of bodies)
      expect(await send(name, body, headers)).toEqual([200, { ignored: expect.any(String) }]);
    await stop();
  });

  it('has one queue: one run at a time, each webhook once, and a bound', async () => {
    let running = 0;
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { start, commit } = await server({
      script: async (job) => {
        expect(++running).toBe(1);
        await held;
        running -= 1;
        return job.end({});
      },
    });
    const { cli, send, stop } = await start();
    const body = (n: number) => push(commit, { n });
    const headers = signed(body(0));
    expect((await send('hub', body(0), headers))[0]).toBe(202);
    await expect.poll(() => cli.stderr.text, LONG).toContain('begins');
    expect(await send('hub', body(0), headers)).toEqual([200, { duplicate: true }]);
    // Only the body is signed: another name of the same is no other.
    expect(await send('hub', body(0), signed(body(0)))).toEqual([200, { duplicate: true }]);
    expect(
      await send('hub', body(1), { ...signed(body(1)), 'x-github-delivery': headers['x-github-delivery'] }),
    ).toEqual([200, { duplicate: true }]);
    for (let n = 1; n <= 100; n++) expect((await send('hub', body(n), signed(body(n))))[0]).toBe(202);
    expect((await send('hub', body(101), signed(body(101))))[0]).toBe(503);
    const stopped = stop();
    go();
    expect(await stopped).toBe(0);
  });

  it('goes on with what waits when it is started again, and says what was lost', async () => {
    const { start, commit, folder } = await server();
    const state = join(folder, 'state/hooks');
    mkdirSync(join(state, 'queue'), { recursive: true });
    const run = (n: number) => ({
      run_id: `run-${n}`,
      hook: 'hub',
      kind: 'push',
      ref: 'refs/heads/main',
      commit,
      branch: 'main',
      own: true,
      ids: [`hub body ${n}`, `hub id d-${n}`],
    });
    writeFileSync(join(state, 'running.json'), JSON.stringify(run(1)));
    writeFileSync(join(state, 'queue/000000002.json'), JSON.stringify(run(2)));
    writeFileSync(join(state, 'queue/000000003.json'), 'damaged');
    writeFileSync(join(state, 'known.json'), JSON.stringify(['hub id d-1']));
    const { cli, send, stop } = await start();
    await expect.poll(() => cli.stderr.text, LONG).toContain('run run-2 of main');
    await expect.poll(() => cli.stderr.text, LONG).toContain(': passed');
    expect(cli.stderr.text).toMatch(/run run-1 .* was under way when the server ended/);
    expect(cli.stderr.text).toContain('000000003.json cannot be read');
    expect(cli.pikaci.targetInputs.map(({ runId }) => runId)).toEqual(['run-2']);
    const body = push(commit);
    // The lost one may come again, the other is known.
    expect(await send('hub', body, signed(body, 'push', SECRET, 'd-2'))).toEqual([200, { duplicate: true }]);
    expect((await send('hub', body, signed(body, 'push', SECRET, 'd-1')))[0]).toBe(202);
    const another = new Cli({ cwd: folder, homeDir: folder, env: { HOOK: SECRET } });
    expect(await another.run('serve', '--hooks', '--port', '0', '--state-root', 'state')).toBe(2);
    expect(another.stderr.text).toContain('another "pikaci serve --hooks"');
    await stop();
    expect(readdirSync(state)).not.toContain('running.json');
  });

  it('takes many at once, however slowly they come, and beside those who send nothing', async () => {
    const { start, commit } = await server();
    const { url, stop } = await start();
    const { port } = new URL(url);
    const begun = (body: string, headers: Record<string, string>) => {
      const sent = request({ port, path: '/hooks/hub', method: 'POST', headers });
      const answered = new Promise<number>((resolve) => {
        sent.on('response', (answer) => resolve(answer.resume().statusCode ?? 0));
        sent.on('error', () => resolve(0));
      });
      return new Promise<{ sent: ClientRequest; answered: Promise<number> }>((resolve) => {
        sent.write(body, () => resolve({ sent, answered }));
      });
    };
    const silent = await Promise.all(
      Array.from({ length: 8 }, () => begun('{', { 'content-length': '100' })),
    );
    const bodies = Array.from({ length: 20 }, (_, n) => push(commit, { n }));
    const slow = await Promise.all(bodies.map((body) => begun(body.slice(0, 9), signed(body))));
    for (const [n, { sent }] of slow.entries()) sent.end(bodies[n]?.slice(9));
    expect(await Promise.all(slow.map(({ answered }) => answered))).toEqual(bodies.map(() => 202));
    const told = vi.spyOn(console, 'error');
    for (const { sent } of silent) sent.destroy();
    await Promise.all(silent.map(({ answered }) => answered));
    await stop();
    expect(told).not.toHaveBeenCalled();
    told.mockRestore();
  });

  it('takes again what the disk would not have, and goes on when what waits is gone', async () => {
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { start, commit, folder } = await server({
      script: async (job) => {
        await held;
        return job.end({});
      },
    });
    const { cli, send, stop } = await start();
    const state = join(folder, 'state/hooks');
    const [first, second, third] = [1, 2, 3].map((n) => push(commit, { n })) as [string, string, string];
    mkdirSync(join(state, 'known.json/full'), { recursive: true });
    const headers = signed(first);
    expect((await send('hub', first, headers))[0]).toBe(503);
    expect([readdirSync(join(state, 'queue')), readdirSync(state).sort()]).toEqual([
      [],
      ['known.json', 'queue'],
    ]);
    expect(cli.stderr.text).toContain('could not be kept');
    rmSync(join(state, 'known.json'), { recursive: true });
    expect((await send('hub', first, headers))[0]).toBe(202);
    await expect.poll(() => cli.stderr.text, LONG).toContain('begins');
    expect((await send('hub', second, signed(second)))[0]).toBe(202);
    expect((await send('hub', third, signed(third)))[0]).toBe(202);
    const [waiting = ''] = readdirSync(join(state, 'queue')).sort();
    rmSync(join(state, 'queue', waiting));
    go();
    await expect.poll(() => cli.stderr.text.match(/: passed/g)?.length, LONG).toBe(2);
    expect(cli.stderr.text).toMatch(/is not run: ENOENT/);
    expect((await send('hub', second, signed(second)))[0]).toBe(202);
    await expect.poll(() => cli.stderr.text.match(/: passed/g)?.length, LONG).toBe(3);
    expect(await stop()).toBe(0);
  });

  it('is refused without a secret, or with a short one', async () => {
    const { folder } = await server();
    for (const env of [{}, { HOOK: 'short' }]) {
      const cli = new Cli({ cwd: folder, homeDir: folder, env });
      expect(await cli.run('serve', '--hooks', '--port', '0')).toBe(2);
      expect(cli.stderr.text).toContain('hooks.hub.secret: $HOOK');
    }
  });

  it('says of a commit that is not there that it is not, and goes on', async () => {
    const { start, commit } = await server();
    const { cli, send, stop } = await start();
    const missing = push('1'.repeat(40));
    await send('hub', missing, signed(missing));
    const body = push(commit);
    await send('hub', body, signed(body));
    await expect.poll(() => cli.stderr.text, LONG).toContain(': passed');
    expect(cli.stderr.text).toContain(`the commit ${'1'.repeat(40)} of refs/heads/main could not be had`);
    // It came to no run: somebody may ask the forge for it again.
    expect((await send('hub', missing, signed(missing)))[0]).toBe(202);
    await stop();
  });

  it('has a commit with files of LFS without them, where LFS is installed as well', async () => {
    const { start, directory } = await server();
    writeFileSync(join(directory, '.gitattributes'), '*.bin filter=lfs\n');
    writeFileSync(join(directory, 'a.bin'), 'a pointer');
    await git(directory, 'add', '.');
    await git(directory, 'commit', '-qm', 'lfs');
    const commit = (await git(directory, 'rev-parse', 'HEAD')).trim();
    const settings = join(directory, '.git/of-the-user');
    writeFileSync(settings, '[filter "lfs"]\n\trequired = true\n\tsmudge = no-such-program\n');
    vi.stubEnv('GIT_CONFIG_GLOBAL', settings);
    try {
      const { cli, send, stop } = await start();
      const body = push(commit);
      await send('hub', body, signed(body));
      await expect.poll(() => cli.stderr.text, LONG).toMatch(/ at [0-9a-f]{12}: /);
      expect(cli.stderr.text).toContain(': passed');
      await stop();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

it('the longest of the bodies that are read at once gives way', async () => {
  const bodies = new HeldBodies({ largest: 10, all: 25 });
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* body(...lengths: number[]) {
    for (const [index, length] of lengths.entries()) {
      if (index > 0) await held;
      yield new Uint8Array(length);
    }
  }
  const [one, longest, other] = [8, 10, 7].map((length) => bodies.read(body(length, 0), 0));
  await new Promise(setImmediate);
  expect(await bodies.read(body(5), 5)).toHaveLength(5);
  expect(await bodies.read(body(5), 11)).toBe('too_large');
  expect(await bodies.read(body(11), 0)).toBe('too_large');
  go();
  expect([await one, await longest, await other]).toEqual([Buffer.alloc(8), 'crowded', Buffer.alloc(7)]);
});
