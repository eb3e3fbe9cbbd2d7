import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
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
  const query = { host, user, port: undefined, localUser: 'me', home: directory, exec: null };
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

  it('passes over a link that leads nowhere, and names a directory that is no file', async () => {
    const directory = home({ config: 'Include config.d/*\n', 'config.d/a': 'Host build\n  Port 5\n' });
    symlinkSync('nowhere', join(directory, '.ssh/config.d/b'));
    expect(must(await entryIn(directory)).port).toBe(5);
    mkdirSync(join(directory, '.ssh/config.d/c'));
    expect((await load(directory)).isErr()).toBe(true);
  });
});
