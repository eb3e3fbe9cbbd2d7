import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { git } from '../support/git-repository.js';
import { Site } from '../support/site.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const call = promisify(execFile);

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await git(site.workspace, 'init', '--quiet', '--initial-branch', 'topic');
    await git(site.workspace, 'add', '.');
    await git(site.workspace, 'commit', '--quiet', '-m', 'first');
  });
  afterAll(() => site[Symbol.asyncDispose]());
  const timeoutSecs = backend === 'microvm' ? 300 : 60;

  describe('what a job finds', () => {
    it('in its variables: the commit and the run, a plain terminal and a plain time zone', async () => {
      const head = await git(site.workspace, 'rev-parse', 'HEAD');
      const show = [
        'echo "$PIKACI_COMMIT $PIKACI_BRANCH $PIKACI_JOB_ID $PIKACI_RUN_ATTEMPT $TERM $TZ"',
        'echo "of $PIKACI_RUN_ID"',
      ].join('\n');
      const env = { PIKACI_BRANCH: 'mine', TZ: 'Europe/Berlin' };
      const plain = await site.finish({ command: show, timeoutSecs });
      const own = await site.finish({ command: show, timeoutSecs, env });
      expect(plain.log.toString()).toBe(`${head} topic j 1 dumb UTC\nof ${plain.run.runId}\n`);
      expect(own.log.toString()).toBe(`${head} mine j 1 dumb Europe/Berlin\nof ${own.run.runId}\n`);
    });

    it.runIf(backend === 'incus')('in its variables: proxies and registries of the host', async () => {
      const [file, kept] = ['$HOME/.bashrc', '$HOME/.bashrc.kept'];
      // Where the host's sshd starts a command, bash reads this file first.
      const told = 'export https_proxy=http://u:p@proxy.test:3128 PIP_INDEX_URL=https://u:p@pip.test/simple';
      await site.onHost(`cp ${file} ${kept} && sed -i "1i $1" ${file}`, told);
      const npmrc = '//npm.test/:_authToken=secret\nregistry=https://u:p@npm.test/\n';
      const crates =
        '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+https://u:p@crates.test/"\n';
      const write = 'mkdir -p ~/.cargo && printf %s "$1" >~/.npmrc && printf %s "$2" >~/.cargo/config.toml';
      await site.onHost(write, npmrc, crates);
      try {
        const pikaci = site.open({ inherit: { proxy: true, registries: true } });
        const command =
          'echo "$https_proxy $HTTPS_PROXY $PIP_INDEX_URL $npm_config_registry"; tail -n 1 /.cargo/config.toml';
        const { log } = await site.finish({ command }, {}, pikaci);
        expect(log.toString()).toBe(
          [
            'http://proxy.test:3128 http://proxy.test:3128 https://pip.test/simple https://npm.test/',
            'registry = "sparse+https://crates.test/"\n',
          ].join('\n'),
        );
        const { ok: isUsable, checks } = await pikaci.doctor({ machine: true });
        expect([isUsable, checks.at(-1)]).toMatchObject([true, { name: 'machine', status: 'ok' }]);
        const tried = checks.filter(({ name }) => name === 'registry').map(({ detail }) => detail);
        // Where guests have no network, that is all there is to say.
        if (checks.find(({ name }) => name === 'network')?.status === 'ok')
          expect(tried.sort()).toEqual([
            expect.stringMatching(/^PIP_INDEX_URL: https:\/\/pip\.test\/simple is not reached: curl: /),
            expect.stringMatching(/^cargo: https:\/\/crates\.test\/ is not reached: curl: /),
            expect.stringMatching(/^npm_config_registry: https:\/\/npm\.test\/ is not reached: curl: /),
          ]);
      } finally {
        await site.onHost(`mv ${kept} ${file}; rm -rf ~/.npmrc ~/.cargo`);
      }
    });

    // Certificates as well would take minutes where the machine is emulated: see unit/microvm/guest-script.
    it.runIf(backend === 'microvm')('in a microVM what it inherits: variables, and files', async () => {
      const write = 'mkdir -p ~/.cargo && printf %s "$1" >~/.npmrc && printf %s "$2" >~/.cargo/config.toml';
      const mirror = '[source.crates-io]\nreplace-with = "m"\n[source.m]\n';
      const crates = `${mirror}registry = "sparse+https://u:p@crates.test/"\n`;
      await site.onHost(write, 'registry=https://u:p@npm.test/\n', crates);
      try {
        const command = 'echo "$npm_config_registry"; tail -n 1 /.cargo/config.toml';
        const pikaci = site.open({ inherit: { registries: true } });
        const { log, events } = await site.finish({ command, timeoutSecs }, {}, pikaci);
        expect(log.toString()).toBe('https://npm.test/\nregistry = "sparse+https://crates.test/"\n');
        expect(events.of('warning')).toEqual([]);
      } finally {
        await site.onHost('rm -rf ~/.npmrc ~/.cargo');
      }
    });

    it.runIf(backend === 'incus')(
      'in whom it trusts: what the host trusts, also in the image’s own way',
      async () => {
        await using tls = await temporaryDirectory();
        const key = (name: string, ...more: string[]) => {
          const kind = [
            'req',
            '-x509',
            '-newkey',
            'ec',
            '-pkeyopt',
            'ec_paramgen_curve:prime256v1',
            '-nodes',
          ];
          const files = ['-keyout', join(tls.path, `${name}.key`), '-out', join(tls.path, `${name}.pem`)];
          return call('openssl', [...kind, '-subj', `/CN=${name}`, '-days', '9', ...files, ...more]);
        };
        await key('authority');
        const [by, its] = ['pem', 'key'].map((kind) => join(tls.path, `authority.${kind}`));
        const names = ['subjectAltName=DNS:localhost', 'basicConstraints=critical,CA:FALSE'];
        await key(
          'server',
          '-CA',
          by ?? '',
          '-CAkey',
          its ?? '',
          ...names.flatMap((name) => ['-addext', name]),
        );
        const text = async (name: string) => await readFile(join(tls.path, name), 'utf8');
        const get = 'curl -sS -o /dev/null --max-time 20 https://localhost:8443/';
        const command = [
          'printf %s "$SERVER" >/tmp/server',
          'openssl s_server -quiet -accept 8443 -cert /tmp/server -key /tmp/server -www </dev/null >/dev/null 2>&1 &',
          `until ${get} --insecure 2>/dev/null; do kill -0 $!; done`,
          `if ${get} 2>&1; then echo trusted; fi`,
          `if env -u CURL_CA_BUNDLE -u SSL_CERT_FILE ${get} 2>/dev/null; then echo trusted by the system; fi`,
          'echo "$SSL_CERT_FILE"',
        ].join('\n');
        const job = { command, env: { SERVER: `${await text('server.pem')}${await text('server.key')}` } };
        const anchor = `/usr/local/share/ca-certificates/${site.newRunId()}.crt`;
        await site.onHost('printf %s "$2" >"$1"', anchor, await text('authority.pem'));
        try {
          const without = await site.finish(job);
          expect(without.log.toString()).toMatch(/^curl: \(60\) SSL certificate problem/);
          expect(without.log.toString()).not.toContain('trusted');
          const { log, events } = await site.finish(job, {}, site.open({ inherit: { ca: true } }));
          expect(log.toString()).toBe('trusted\ntrusted by the system\n/etc/ssl/certs/ca-certificates.crt\n');
          expect(events.of('warning')).toEqual([]);
        } finally {
          await site.onHost('rm -f "$1"', anchor);
        }
      },
    );

    it.runIf(backend === 'incus')(
      'in who it is: one identity where the number is another’s, and the home directory of the list of users',
      async () => {
        await using machine = must(await site.pikaci.openMachine({}));
        const users = [
          'userdel pikaci',
          'useradd --uid 1000 --create-home ubuntu',
          'useradd --uid 4321 --home-dir /srv/elsewhere --no-create-home other',
        ].join('\n');
        must(await machine.run({ id: 'users', command: users, runAsRoot: true }));
        const show = [
          'echo "$(whoami) $USER $(id -u) $HOME $(getent passwd "$(id -un)" | cut -d: -f6) $(cd && pwd)"',
          'touch "$HOME/mine" && stat -c "%U %u" "$HOME/mine"',
        ].join('\n');
        const shown = async (id: string, of: { user?: string; runAsRoot?: boolean }) => {
          must(await machine.run({ id, command: show, ...of }));
          return await readFile(
            join(site.stateRoot, 'machines', machine.id, `steps/${id}/guest.log`),
            'utf8',
          );
        };
        const line = (user: string, uid: number, home: string) =>
          `${user} ${user} ${uid} ${home} ${home} ${home}\n${user} ${uid}\n`;
        expect(await shown('ubuntu', { user: 'ubuntu' })).toBe(line('ubuntu', 1000, '/home/ubuntu'));
        expect(await shown('default', {})).toBe(line('pikaci', 1000, '/home/pikaci'));
        expect(await shown('other', { user: 'other' })).toBe(line('other', 4321, '/srv/elsewhere'));
        expect(await shown('root', { runAsRoot: true })).toBe(line('root', 0, '/root'));
      },
    );

    it('in its workspace: the repository, as its user and as root, with what git takes from its own variables', async () => {
      const pikaci = site.open({ workspace: { git: 'full' } });
      await git(site.workspace, 'tag', 'v1');
      const command = [
        'git status --porcelain --branch',
        'git log -1 --format=%s && git describe --tags && git diff --stat HEAD',
        'git config user.name',
        'git rev-parse HEAD',
      ].join('\n');
      const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: 'a tester' };
      const head = await git(site.workspace, 'rev-parse', 'HEAD');
      for (const runAsRoot of [false, true]) {
        const { log } = await site.finish({ command, timeoutSecs, env, runAsRoot }, {}, pikaci);
        expect(log.toString()).toBe(`## topic\nfirst\nv1\na tester\n${head}\n`);
      }
      const commit = 'git -c user.name=t -c user.email=t@t commit -qam second && git log --format=%s';
      const written = await site.finish(
        {
          command: `echo more >>hello.txt && ${commit} && git status --porcelain`,
          timeoutSecs,
          writableWorkspace: true,
        },
        {},
        pikaci,
      );
      expect(written.log.toString()).toBe('second\nfirst\n');
      const without = await site.finish({
        command: 'ls -A; env | grep ^GIT_CONFIG || echo none',
        timeoutSecs,
      });
      expect(without.log.toString()).toBe('hello.txt\nnone\n');
    });

    it('names that are not UTF-8 byte for byte, tracked or not', async () => {
      const pikaci = site.open({ workspace: { git: 'shallow' } });
      const odd = (hex: string) =>
        Buffer.concat([Buffer.from(`${site.workspace}/`), Buffer.from(hex, 'hex')]);
      await mkdir(odd('e9'));
      await writeFile(odd('e92fff'), 'in a directory\n');
      await git(site.workspace, 'add', '.');
      await git(site.workspace, 'commit', '--quiet', '-m', 'odd');
      await writeFile(odd('ea'), 'untracked\n');
      const command =
        'for f in ./*/* ./?; do [ ! -f "$f" ] || { printf %s "$f" | od -An -tx1; cat "$f"; }; done; git status --porcelain';
      const { log } = await site.finish({ command, timeoutSecs }, {}, pikaci);
      expect(log.toString()).toBe(' 2e 2f e9 2f ff\nin a directory\n 2e 2f ea\nuntracked\n?? "\\352"\n');
      await rm(odd('e9'), { recursive: true });
      await rm(odd('ea'));
    });

    it('a .git of one commit, where that is asked for', async () => {
      const pikaci = site.open({ workspace: { git: 'shallow' } });
      // What the test before has removed is removed in the commit as well.
      await git(site.workspace, 'add', '--all');
      await git(site.workspace, 'commit', '--quiet', '--allow-empty', '-m', 'later');
      const { log } = await site.finish(
        { command: 'git log --format=%s && git status --porcelain', timeoutSecs },
        {},
        pikaci,
      );
      expect(log.toString()).toBe('later\n');
    });
  });
});

describe('what a job finds in an image with systemd', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ guest: 'systemd' });
  });
  afterAll(() => site[Symbol.asyncDispose]());
  const openPlain = () => site.open({ incus: { ...site.config().incus, image: site.host.image } });

  it('is a machine that has started: /tmp stays, and an address and a resolver are there', async () => {
    const command = [
      'systemctl is-system-running',
      'touch /tmp/kept /dev/shm/kept',
      'ip -4 -o address show dev eth0 | grep -c "inet "',
      'grep -c ^nameserver /run/systemd/resolve/resolv.conf',
      'sleep 1 && ls /tmp/kept /dev/shm/kept',
    ].join('\n');
    const { run, events, log } = await site.finish({ command });
    expect(log.toString()).toBe('running\n1\n1\n/dev/shm/kept\n/tmp/kept\n');
    expect(run.outcome.phases.map(({ phase, ok }) => [phase, ok])).toContainEqual(['wait_until_ready', true]);
    expect(events.of('warning')).toEqual([]);
    const plain = await site.finish({ command: 'true' }, {}, openPlain());
    expect(plain.run.outcome.phases.map(({ phase }) => phase)).not.toContain('wait_until_ready');
  });

  it('is asked by a command of its own, can be cancelled meanwhile, and is not waited for where that is said', async () => {
    const plain = openPlain();
    const never = await site.finish(
      { command: 'true', ready: { command: 'exit 3', timeoutSecs: 1 } },
      {},
      plain,
    );
    expect(never.run.outcome).toMatchObject({
      status: 'failed',
      cause: 'setup',
      message: 'the machine was not ready after 1 s: the command of "ready" ended with status 3',
    });
    const ends = new AbortController();
    const events = new EventRecorder();
    const waits = () => events.of('phase_started').some(({ phase }) => phase === 'wait_until_ready');
    void events.until(waits).then(() => ends.abort());
    const job = { command: 'echo never', ready: { command: 'false' } };
    const cancelled = await site.finish(job, { events, signal: ends.signal }, plain);
    expect(cancelled.run.outcome).toMatchObject({ cause: 'cancelled', message: 'cancelled' });
    expect(cancelled.log.toString()).toBe('');
    const atOnce = await site.finish({ command: 'true', ready: { init: false, network: false } });
    expect(atOnce.run.outcome.phases.map(({ phase }) => phase)).not.toContain('wait_until_ready');
  });

  it('is ready for what is sent to an open machine before its first step', async () => {
    await using machine = must(await site.pikaci.openMachine({}));
    must(await machine.upload(join(site.workspace, 'hello.txt'), '/tmp/sent'));
    must(await machine.run({ id: 'one', command: 'sleep 1; cat /tmp/sent' }));
    const log = join(site.stateRoot, 'machines', machine.id, 'steps/one/guest.log');
    expect((await readFile(log)).toString()).toBe('hello from the workspace\n');
  });
});
