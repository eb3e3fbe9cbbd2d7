import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalCommandDialer } from '../../../src/adapters/local/command-dialer.js';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import type { Ssh2Options } from '../../../src/adapters/ssh2/options.js';
import { resolveTarget } from '../../../src/adapters/ssh2/resolve-target.js';
import { keywordRule } from '../../../src/adapters/ssh2/ssh-config-keywords.js';
import { optionsFor } from '../../support/ssh-connection.js';
import { publicKey, startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let jump: TestSshd;
const shell = new LocalShell();
const local = {
  shell,
  dial: (argv: readonly [string, ...string[]], environment?: Readonly<Record<string, string>>) =>
    new LocalCommandDialer(argv, environment),
};

beforeAll(async () => {
  sshd = await startSshd();
  jump = await startSshd();
  appendFileSync(join(jump.directory, 'authorized_keys'), `${publicKey(sshd.identityFile)}\n`);
});

afterAll(async () => {
  await sshd.stop();
  await jump.stop();
  await shell[Symbol.asyncDispose]();
});

function written(name: string, ...lines: readonly string[]): string {
  const path = join(sshd.directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** Null when the connection is there. */
async function faultOf(more: Partial<Ssh2Options>) {
  await using connection = new Ssh2Connection({ ...optionsFor(sshd, more), local });
  const link = await connection.link();
  return link.isErr() ? link.error : null;
}

const target = () => ['  HostName 127.0.0.1', `  Port ${sshd.port}`];
/** The port is the configuration's. */
const aliased = (configFile: string) => {
  const { port: _, ...options } = optionsFor(sshd, { host: 'build', configFile });
  return options;
};
async function reached(configFile: string, more: Partial<Ssh2Options> = {}) {
  await using connection = new Ssh2Connection({ ...aliased(configFile), ...more, local });
  const link = await connection.link();
  return link.isErr() ? link.error : null;
}

describe('HostKeyAlias', () => {
  it('is the name under which the key is known, without a port and in lower case', async () => {
    const configFile = written('alias', 'Host build', ...target(), '  HostKeyAlias Farm.Example');
    const known = written('alias_known_hosts', `farm.example ${sshd.hostKey}`);
    expect(await reached(configFile, { knownHostsFiles: [known] })).toBeNull();
    expect(await reached(configFile)).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
  });
});

describe('the configuration of the system', () => {
  it('is read after the user’s, of which the first value counts, and its includes are of its own folder', async () => {
    const home = join(sshd.directory, 'home');
    written('home/.ssh/config', 'Host build', '  Port 1', '  HostKeyAlias mine');
    written('etc/ssh_config.d/10.conf', 'Host build', `  Port ${sshd.port}`, '  HostName 127.0.0.1');
    const systemConfigFile = written('etc/ssh_config', 'Include ssh_config.d/*.conf', 'HostKeyAlias theirs');
    const {
      configFile: _,
      port: __,
      ...options
    } = optionsFor(sshd, {
      host: 'build',
      systemConfigFile,
      environment: { home, user: sshd.user, authSock: null, uid: process.getuid?.() ?? 0 },
    });
    const resolved = (await resolveTarget(options))._unsafeUnwrap();
    expect(resolved).toMatchObject({ host: '127.0.0.1', port: 1, hostKeyAlias: 'mine' });
    const named = await resolveTarget({ ...options, configFile: null });
    expect(named._unsafeUnwrap()).toMatchObject({
      host: '127.0.0.1',
      port: sshd.port,
      hostKeyAlias: 'theirs',
    });

    chmodSync(join(home, '.ssh/config'), 0o666);
    expect((await resolveTarget(options))._unsafeUnwrapErr()).toMatch(/config .*can be written by everybody/);
  });
});

describe('ProxyCommand', () => {
  it('is the way to the host, with its tokens filled in', async () => {
    const said = join(sshd.directory, 'said');
    const command = `sh -c 'echo %n %h %p %r %% >${said}; exec socat - TCP:%h:%p'`;
    const configFile = written('proxied', 'Host build', ...target(), `  ProxyCommand ${command}`);
    expect(await reached(configFile)).toBeNull();
    expect(execFileSync('cat', [said], { encoding: 'utf8' })).toBe(
      `build 127.0.0.1 ${sshd.port} ${sshd.user} %\n`,
    );
  });

  it('that fails is unreachable with what it said, and none counts as none', async () => {
    const configFile = written(
      'failing',
      'Host build',
      ...target(),
      "  ProxyCommand sh -c 'echo no way >&2; exit 7'",
    );
    expect(await reached(configFile)).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/ended with 7: no way/),
    });
    expect(await reached(written('none', 'Host build', ...target(), '  ProxyCommand none'))).toBeNull();
  });

  it.each([
    ['HostName "$(touch hacked)"', /may not stand in a command/],
    ['HostName -oProxyCommand=x', /may not stand in a command/],
    ['HostKeyAlias a;b', /may not stand in a command/],
    ['User x;y', /the user "x;y" may not stand in a command/],
    ['ProxyCommand socat - %z', /%z is no token/],
  ])('is refused where a shell would read more than a name: %s', async (line, message) => {
    const configFile = written('hostile', 'Host build', `  ${line}`, '  ProxyCommand socat - TCP:%h:%p');
    const { user: _, ...options } = aliased(configFile);
    const resolved = await resolveTarget({ ...options, local });
    expect(resolved._unsafeUnwrapErr()).toMatch(message);
  });

  it('is refused where nothing may be run', async () => {
    const configFile = written('forbidden', 'Host build', '  ProxyCommand socat - TCP:%h:%p');
    expect((await resolveTarget(aliased(configFile)))._unsafeUnwrapErr()).toMatch(
      /^ProxyCommand: no command/,
    );
  });
});

describe('ProxyJump', () => {
  const way = (...lines: string[]) => ['Host build', ...target(), '  ProxyJump via', 'Host via', ...lines];
  const both = () => ({ knownHostsFiles: [sshd.knownHostsFile, jump.knownHostsFile] });

  it('of a jump is followed, and so is its ProxyCommand', async () => {
    const through = ['  HostName 127.0.0.1', `  Port ${jump.port}`];
    const again = written(
      'jumps',
      ...way(...through, '  ProxyJump first'),
      'Host first',
      ...through,
      '  User other',
    );
    const jumps = (await resolveTarget({ ...aliased(again), local }))._unsafeUnwrap().jumps;
    expect(jumps.map(({ sshArguments }) => sshArguments.at(-1))).toEqual(['first', 'via']);
    const said = join(sshd.directory, 'jumped');
    const command = written(
      'jump_command',
      ...way(...through, `  ProxyCommand sh -c 'echo %n >>${said}; exec socat - TCP:%h:%p'`),
    );
    expect(await reached(command, both())).toBeNull();
    expect(execFileSync('cat', [said], { encoding: 'utf8' })).toBe('via\n');
  });

  it('that leads through itself is an error, and the first of ProxyJump and ProxyCommand counts', async () => {
    const circle = written('circle', 'Host *', '  ProxyJump via');
    expect((await resolveTarget(aliased(circle)))._unsafeUnwrapErr()).toMatch(/goes through .*via:22 twice/);
    const first = written('first', 'Host build', '  ProxyCommand none', '  ProxyJump via', ...target());
    expect(await reached(first)).toBeNull();
    // A jump host that is none leaves the way to the command, as in OpenSSH 9.2.
    const second = written('second', 'Host build', '  ProxyJump none', '  ProxyCommand false', ...target());
    expect(await reached(second)).toMatchObject({ kind: 'unreachable' });
  });
});

describe('a keyword that cannot be honoured', () => {
  it.each([
    ['RemoteCommand tmux attach', /refused line 2: "RemoteCommand tmux attach" cannot be honoured/],
    ['CanonicalizeHostname yes', /CanonicalizeHostname yes/],
    ['PubkeyAuthentication no', /PubkeyAuthentication no/],
    ['PreferredAuthentications password', /PreferredAuthentications password/],
    ['NoSuchThing yes', /line 2: NoSuchThing is no keyword/],
    ['Ciphers 3des-cbc', /nothing of "ciphers 3des-cbc" can be offered/],
  ])('is refused by its name where it is in force: %s', async (line, message) => {
    const configFile = written('refused', 'Host other 127.0.0.1', `  ${line}`);
    expect(await faultOf({ configFile })).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(message),
    });
    expect(await faultOf({ configFile: written('elsewhere', 'Host other', `  ${line}`) })).toBeNull();
  });

  it('may be passed over with IgnoreUnknown, and one that asks for nothing is none', async () => {
    const configFile = written('ignored', 'IgnoreUnknown No*', 'NoSuchThing yes', 'RemoteCommand none');
    expect(await faultOf({ configFile })).toBeNull();
  });
});

describe('OpenSSH reads the same', () => {
  const asked = ['hostname', 'port', 'user', 'identityfile', 'identitiesonly', 'proxyjump', 'hostkeyalias'];

  function opensshSays(configFile: string): Record<string, string[]> {
    const said = execFileSync('ssh', ['-G', '-F', configFile, 'build'], { encoding: 'utf8' });
    const values: Record<string, string[]> = {};
    for (const line of said.split('\n')) {
      const [keyword = '', ...rest] = line.split(' ');
      if (asked.includes(keyword)) values[keyword] = [...(values[keyword] ?? []), rest.join(' ')];
    }
    return values;
  }

  it.each([
    [
      'Host = "build"\n\tPort=2222\nhOsT *\n Port 7\nIdentityFile "/k/a b" # why\nIdentityFile /k/c\nIdentityFile /k/c',
    ],
    ['Host !build *\nPort 1\nHost b?ild\nPort 2\nHostName %h.example%%.org\nIdentityFile /k/%n-%h-%p-%r'],
    [
      'HostName real.example\nUser a\nMatch host real.* user a\nPort 3\nIdentityFile /x\nMatch !host real.*\nHostKeyAlias no',
    ],
    [
      'Match originalhost build\nHostName real.example\nMatch final host real.example\nPort 4\nIdentityFile none',
    ],
    [
      'Match all\nUser everybody\nMatch exec "test %n = build"\nPort 5\nMatch exec false\nHostKeyAlias no\nIdentitiesOnly yes',
    ],
    ['Match host="build" exec "exit 3"\nPort 6\nMatch originalhost a,b*,!bx\nPort 7\nIdentityFile /y\\ z'],
  ])('%j', async (text) => {
    const configFile = written('oracle', text);
    const { user: _, ...options } = aliased(configFile);
    const home = '/home/nobody';
    const found = await resolveTarget({
      ...options,
      identityFile: '/option',
      local,
      environment: { home, user: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(), authSock: null },
    });
    const said = opensshSays(configFile);
    const resolved = found._unsafeUnwrap();
    expect(resolved).toMatchObject({
      host: said['hostname']?.[0],
      port: Number(said['port']?.[0]),
      user: said['user']?.[0],
      identitiesOnly: said['identitiesonly']?.[0] === 'yes',
      hostKeyAlias: said['hostkeyalias']?.[0] ?? null,
    });
  });

  it('every keyword that it tells is known', () => {
    const said = execFileSync('ssh', ['-G', '-F', 'none', 'build'], { encoding: 'utf8' });
    const keywords = said.split('\n').flatMap((line) => line.split(' ')[0] || []);
    expect(keywords.length).toBeGreaterThan(60);
    expect(keywords.filter((keyword) => keywordRule(keyword.toLowerCase()) === undefined)).toEqual([]);
  });
});

describe('BindAddress', () => {
  it('may be a name, and one that is none is a fault that names it', async () => {
    const here = written(
      'bound',
      'Host build',
      ...target(),
      '  BindAddress localhost',
      '  AddressFamily inet',
    );
    expect(await reached(here)).toBeNull();
    const nowhere = written('bound_to_none', 'Host build', ...target(), '  BindAddress *');
    expect(await reached(nowhere)).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/^BindAddress \*: /),
    });
  });
});

describe('commands of the configuration', () => {
  it('find the variables of the environment', async () => {
    const configFile = written(
      'variables',
      'Match exec "test \\"$A_PROFILE\\" = mine"',
      ...target(),
      `  ProxyCommand sh -c 'test "$A_PROFILE" = mine && exec socat - TCP:%h:%p'`,
    );
    const environment = { home: sshd.directory, user: sshd.user, authSock: null };
    const variables = { ...process.env, A_PROFILE: 'mine' };
    expect(await reached(configFile, { environment: { ...environment, variables } })).toBeNull();
    expect(await reached(configFile, { environment })).toMatchObject({ kind: 'unreachable' });
  });
});
