import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { localHost } from '../support/local-host.js';
import { PlayedGithubRunner } from '../support/played-github-runner.js';
import { Site } from '../support/site.js';

/** Whose the runner's files are on the host. */
const RUNNER = 1777;
const TOKEN = 'ghs_this-is-a-token-of-the-job';
const CONTAINER = { image: 'debian:12', env: { OF_THE_JOB: 'of the job' } };
let site: Site;
let runner: PlayedGithubRunner;

beforeAll(async () => {
  site = await Site.open();
  const { directory, config } = await localHost(site);
  await site.onHost(
    'for file in /etc/subuid /etc/subgid; do grep -q "^root:$1:" "$file" || echo "root:$1:1" >>"$file"; done',
    String(RUNNER),
  );
  const file = join(site.directory, 'github.json');
  await writeFile(
    file,
    JSON.stringify({
      ...config,
      stateRoot: site.stateRoot,
      github: {
        images: [{ match: 'debian:*' }],
        services: [
          {
            match: 'web:*',
            command: 'mkdir -p /srv; echo "$MARK" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv',
            runAsRoot: true,
            ready: { tcp: 80 },
          },
        ],
      },
    }),
  );
  runner = new PlayedGithubRunner(join(directory, 'actions-runner'), RUNNER, {
    PIKACI_GITHUB_CONFIG: file,
    HOME: site.directory,
  });
  await runner.setUp();
});
afterAll(() => site[Symbol.asyncDispose]());

async function nothingLeft(): Promise<void> {
  const names = must(await site.incus.instances(site.host.project)).map(({ description }) => description);
  expect(names.filter((text) => text.includes('github-'))).toEqual([]);
}

/** All that is kept on this machine of the machines of jobs. */
async function kept(): Promise<string> {
  const below = await readdir(site.stateRoot, { recursive: true, withFileTypes: true });
  const files = below.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((one) => readFile(join(one.parentPath, one.name), 'latin1')))).join(
    '\n',
  );
}

describe('the jobs of a GitHub Actions runner on the host', () => {
  it('pass: steps, an action and a service, with the runner’s directories on both sides', async () => {
    await mkdir(join(runner.externals, 'node20/bin'), { recursive: true });
    await copyFile(process.execPath, join(runner.externals, 'node20/bin/node'));
    await mkdir(join(runner.work, '_actions/a b'), { recursive: true });
    await runner.write(
      join(runner.work, '_actions/a b/index.js'),
      `console.log('action', process.env['INPUT_FETCH-DEPTH'], process.env.GITHUB_TOKEN.length, process.argv.length);
require('node:fs').writeFileSync('by-action', 'x');`,
    );
    const seen: string[] = [];
    const played = await runner.run(
      {
        container: { ...CONTAINER, ports: ['8080:80'], options: '--cpus 1' },
        services: { web: { image: 'web:1', env: { MARK: 'a-mark' }, ports: ['80:80/tcp'] } },
        steps: [
          {
            run: [
              'echo "$(id -u) in $PWD, $HOME, $OF_THE_JOB, $CI"',
              'cat "$GITHUB_EVENT_PATH"; echo',
              'echo "name=value" >>"$GITHUB_OUTPUT"',
              'echo made >made && chmod 4755 made && su pikaci -s /bin/sh -c "touch /tmp/x" && chown 1000 made',
              'touch /__t/tool "$HOME/.rc"; ! touch /__e/not 2>/dev/null; ! [ -e /var/run/docker.sock ]',
              'busybox wget -q -O - http://web/; echo "the token $GITHUB_TOKEN"',
            ].join('\n'),
            env: { GITHUB_TOKEN: TOKEN, "IT'S_ODD": 'x', MULTI: 'two\nlines \'and\' "quotes" $(no)' },
          },
          { action: 'a b/index.js', env: { GITHUB_TOKEN: TOKEN, 'INPUT_FETCH-DEPTH': '1' } },
          { run: 'echo "in front: $PATH"; printf "%s" "$MULTI"', env: { MULTI: 'a\nb \'" $(no)' } },
        ],
      },
      async (step, hook) => {
        if (step === 1) runner.prependPath.push('/__w/repo/repo/first', '/__w/second');
        if (step !== 0) return;
        await hook.said('the token');
        seen.push(await site.onHost("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"));
      },
    );
    runner.prependPath.length = 0;
    expect(played.output).toContain(
      '0 in /__w/repo/repo, /github/home, of the job, true\n{"ref":"refs/heads/main"}\na-mark\n',
    );
    expect(played.output).toContain(`action 1 ${TOKEN.length} 2\n`);
    expect(played.output).toContain('in front: /__w/repo/repo/first:/__w/second:/');
    expect(played.output).toContain('a\nb \'" $(no)');
    expect(played.output).toContain("IT'S_ODD");
    expect([played.end, ...played.codes]).toEqual(['success', 0, 0, 0, 0, 0]);
    expect(played.context).toMatchObject({
      container: { ports: { 80: '80' } },
      services: [{ ports: { 80: '80' } }],
    });
    for (const path of ['repo/repo/made', 'repo/repo/by-action', '_temp/_github_home/.rc', '_tool/tool']) {
      const { uid, gid } = await stat(join(runner.work, path));
      expect([path, uid, gid]).toEqual([path, RUNNER, RUNNER]);
    }
    expect(played.output + seen.join('') + (await kept())).not.toContain(TOKEN);
    await nothingLeft();
  });

  it('fail with the status of their step, are cancelled with TERM, and what is always run finds the machine', async () => {
    const played = await runner.run(
      {
        container: CONTAINER,
        steps: [
          { run: 'echo one; exit 7' },
          { run: 'echo never' },
          {
            run: "trap 'echo told >told; exit 3' TERM; echo begun; while :; do sleep 0.1; done",
            always: true,
          },
          { run: 'cat told', always: true },
        ],
      },
      async (step, hook) => {
        if (step !== 2) return;
        await hook.said('begun');
        hook.cancel();
      },
    );
    expect([played.end, ...played.codes]).toEqual(['cancelled', 0, 7, 130, 0, 0]);
    expect(played.output).toMatch(/one\nbegun\n(.*\n)*told\n/);
    expect(played.output).not.toContain('never');
    await nothingLeft();
  });

  it('get nothing of the runner’s own by a link that an earlier one has left', async () => {
    const run = 'mv /__w/_tool /__w/kept; ln -s .. /__w/_tool';
    const first = await runner.run({ container: CONTAINER, steps: [{ run }] });
    expect(first.codes).toEqual([0, 0, 0]);
    const second = await runner.run({ container: CONTAINER, steps: [] });
    await rm(join(runner.work, '_tool'));
    await rename(join(runner.work, 'kept'), join(runner.work, '_tool'));
    expect(second).toMatchObject({ end: 'not prepared', output: expect.stringContaining('_tool is a link') });
    await nothingLeft();
  });

  it('run what is always run when the call of a step was killed, and leave nothing', async () => {
    const killed = await runner.run(
      {
        container: CONTAINER,
        steps: [{ run: 'echo begun; sleep 1000' }, { run: 'echo behind it; exit 4', always: true }],
      },
      async (step, hook) => {
        if (step !== 0) return;
        await hook.said('begun');
        hook.kill();
      },
    );
    expect(killed.output).toContain('behind it\n');
    expect(killed.codes).toEqual([0, null, 4, 0]);
    await nothingLeft();
  });
});
