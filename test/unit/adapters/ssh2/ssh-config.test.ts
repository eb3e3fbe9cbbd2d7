import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveTarget } from '../../../../src/adapters/ssh2/resolve-target.js';
import { configEntry, loadConfig } from '../../../../src/adapters/ssh2/ssh-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

const homes: string[] = [];
afterAll(() => {
  for (const directory of homes) rmSync(directory, { recursive: true });
});

/** Files below a home directory; `config` is the one that is read. */
function home(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'pikaci-ssh-config-'));
  homes.push(directory);
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, '.ssh', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return directory;
}

const place = (directory: string) => ({ home: directory, isSystem: false, ownedBy: null, mustExist: true });

const load = (directory: string) => loadConfig(join(directory, '.ssh/config'), place(directory));

async function entryIn(directory: string, host = 'build', user?: string) {
  const lines = must(await load(directory)) ?? expect.fail('there is no file');
  const query = {
    host,
    user,
    port: undefined,
    localUser: 'me',
    home: directory,
    localHost: 'runner.example',
    uid: 7,
    exec: async (command: string) => command.startsWith('ok '),
  };
  return configEntry([lines], query);
}

async function entry(files: Record<string, string>, host = 'build', user?: string) {
  return must(await entryIn(home(files), host, user));
}

describe('Include of an SSH configuration', () => {
  it('takes names relative to ~/.ssh, wildcards in their order, quotes, and several names', async () => {
    const found = await entry({
      config: 'Include config.d/*.conf "other dir/x" ~/.ssh/last no-such-file\nHost build\n  Port 22\n',
      'config.d/10-a.conf': 'Host build\n  Port 1010\n',
      'config.d/20-b.conf': 'Host build\n  Port 2020\n  User b\n',
      'config.d/.hidden.conf': 'Host build\n  HostName hidden\n',
      'config.d/30.txt': 'Host build\n  HostName wrong\n',
      'other dir/x': 'Host build\n  IdentityFile ~/x\n',
      last: 'Host build\n  ProxyJump jump\n',
    });
    expect(found).toEqual({ port: 1010, user: 'b', identityfile: ['~/x'], proxyjump: 'jump' });
  });

  it('counts only in a block that is in force, and the block goes on after it', async () => {
    const files = {
      config:
        'Host other\n  Include extra\n  User o\nHost build\n  Include extra\n  User b\nHost *\n  Port 7\n',
      extra: 'HostName from-extra\nHost nobody\n  User wrong\nHost bu*\n  IdentityAgent none\n',
    };
    const build = { hostname: 'from-extra', user: 'b', identityagent: 'none', port: 7 };
    expect(await entry(files)).toEqual(build);
    expect(await entry(files, 'third')).toEqual({ port: 7 });
    expect(await entry(files, 'other')).toEqual({ hostname: 'from-extra', user: 'o', port: 7 });
  });

  it('at the top leaves what follows it to every host', async () => {
    const files = { config: 'Include extra\nUser everybody\n', extra: 'Host nobody\n  User wrong' };
    expect(await entry(files)).toEqual({ user: 'everybody' });
  });

  it('is followed from included files, and a circle is an error with the name of the file', async () => {
    const deep = { config: 'Include one', one: 'Include two', two: 'Host build\n  Port 2' };
    expect(await entry(deep)).toEqual({ port: 2 });
    const circle = await load(home({ config: 'Include one', one: 'Include config' }));
    expect(circle.isErr() && circle.error).toMatch(/\.ssh\/config: .*included more than 16 files deep/);
    const wide = await load(home({ config: 'Include *', a: 'Include b b b b', b: 'Include c c c c', c: '' }));
    expect(wide.isErr() && wide.error).toMatch(/more than/);
  });

  it('passes over a link that leads nowhere and a directory, and names a configuration that is one', async () => {
    const directory = home({ config: 'Include config.d/*\n', 'config.d/a': 'Host build\n  Port 5\n' });
    symlinkSync('nowhere', join(directory, '.ssh/config.d/b'));
    expect(must(await entryIn(directory)).port).toBe(5);
    // OpenSSH opens it, and reads nothing.
    mkdirSync(join(directory, '.ssh/config.d/c'));
    expect(must(await entryIn(directory)).port).toBe(5);
    rmSync(join(directory, '.ssh/config'));
    mkdirSync(join(directory, '.ssh/config'));
    expect((await load(directory)).isErr()).toBe(true);
  });
});

describe('a line of an SSH configuration', () => {
  it.each([
    ['a command with a "=" in it', 'Match exec "ok FOO=bar"\n  Port 5\n', { port: 5 }],
    [
      'a criterion with "=" in between',
      'Match host = build\n  Port 5\nMatch user=me exec="ok"\n  Port 6',
      { port: 5 },
    ],
    ['the tokens of this machine', 'Match exec "ok %L %l %i %%"\n  Port 5\n', { port: 5 }],
    ['a family in capitals', 'AddressFamily INET6', { addressfamily: 'inet6' }],
    ['quotes and a comment behind a jump', 'ProxyJump "gw" # the gate', { proxyjump: 'gw' }],
    [
      'a ProxyCommand behind "ProxyJump none"',
      'ProxyJump none\nProxyCommand nc %h\n',
      { proxyjump: 'none', proxycommand: 'nc %h' },
    ],
    [
      'a name that is set too late',
      'Match final\n  HostName other\nMatch final host build\n  Port 5\nHost build\n  User b',
      { port: 5, user: 'b' },
    ],
    [
      'a name in capitals, for the second reading',
      'HostName Real.Example\nMatch final\n  Port 5\nHost real.example\n  User r',
      { hostname: 'Real.Example', port: 5, user: 'r' },
    ],
  ])('honours %s', async (_title, config, expected) => {
    expect(await entry({ config })).toEqual(expected);
  });

  it.each([
    ['a quote right behind the keyword', 'User"ci"', /line 1: no keyword with a value/],
    ['no keyword', '= x', /line 1: no keyword/],
    ['two values', 'Port 22 23', /line 1: Port takes one value/],
    ['an empty value', 'HostName ""', /line 1: HostName takes one value/],
    ['a criterion of another name', 'Match toString x', /line 1: Match tostring cannot be judged/],
    ['an Include of another home', 'Include ~other/config', /line 1: Include takes/],
    ['an Include with a variable', 'Include ${DIR}/config', /line 1: Include takes/],
    ['a token that is none', 'Match exec "ok %Z"', /line 1: %Z is no token/],
  ])('is refused with %s, in words that name it', async (_title, config, message) => {
    const directory = home({ config });
    const read = await load(directory);
    const found = read.isErr() ? read : await entryIn(directory);
    expect(found.isErr() && found.error).toMatch(message);
  });
});

it('is read a second time also for what an Include has that stands where nothing matches', async () => {
  const files = {
    config: 'Host b*\nInclude inner\n',
    inner: 'HostKeyAlias a\nMatch final\nMatch host build\nPort 5',
  };
  expect(await entry(files, 'Build')).toEqual({ hostkeyalias: 'a', port: 5 });
  const config = 'Match final exec "ok %n %h"\nPort 5';
  expect(await entry({ config }, 'Build')).toEqual({ port: 5 });
  const ran: string[] = [];
  const directory = home({ config: 'Match exec "say %n %h" final\nPort 5' });
  const query = { host: 'Build', user: undefined, port: undefined, localUser: 'me', home: directory };
  const more = { localHost: 'r', uid: 7, exec: async (command: string) => ran.push(command) > 0 };
  await configEntry([must(await load(directory)) ?? []], { ...query, ...more });
  expect(ran).toEqual(['say Build Build', 'say Build build']);
});

describe('the target of a host', () => {
  async function target(config: string, host = 'Build.Example', variables: Record<string, string> = {}) {
    const directory = home({ config });
    return resolveTarget({
      host,
      configFile: join(directory, '.ssh/config'),
      environment: {
        home: '/h',
        user: 'me',
        authSock: '/sock',
        uid: 7,
        localHost: 'runner.example',
        variables: { SSH_AUTH_SOCK: '/sock', ...variables },
      },
      local: {
        shell: { spawn: () => Promise.reject(new Error('nothing is run')) },
        dial: () => expect.fail(),
      },
    });
  }

  it('is connected to in lower case, and addresses with a zone as they are', async () => {
    expect(must(await target('')).host).toBe('build.example');
    expect(must(await target('IdentityFile ~/%h-%n')).identities).toMatchObject([
      { path: '/h/build.example-Build.Example' },
    ]);
    expect(must(await target('', 'fe80::1%eth0')).host).toBe('fe80::1%eth0');
  });

  it('has the tokens of its jumps filled in, as those of a command', async () => {
    const found = must(await target('Host build.example\nProxyJump %r@gw-%n:2200,gw.%h\n', 'build.example'));
    expect(found.jumps.map(({ user, host, port }) => `${user}@${host}:${port}`)).toEqual([
      'me@gw-build.example:2200',
      'me@gw.build.example:22',
    ]);
  });

  it('has variables and the tokens of this machine filled in in its paths', async () => {
    const config =
      'IdentityFile ${DIR}/%L-%l-%i\nUserKnownHostsFile ~/%k ${DIR}/known\nIdentityAgent $MY_AGENT\n';
    const found = must(await target(config, 'b', { DIR: '/d', MY_AGENT: '/agent' }));
    expect(found.identities).toMatchObject([{ path: '/d/runner-runner.example-7' }]);
    expect(found.knownHosts.slice(0, 2)).toMatchObject([{ path: '/h/b' }, { path: '/d/known' }]);
    expect(found.agent).toBe('/agent');
    expect(must(await target('IdentityAgent $MY_AGENT')).agent).toBeNull();
    const unset = await target('IdentityFile ${DIR}/x');
    expect(unset.isErr() && unset.error).toMatch(/the variable DIR is not set/);
    const another = await target('IdentityFile ~other/x');
    expect(another.isErr() && another.error).toMatch(/home directory of another user/);
  });
});
