import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { resolveTarget } from '../../../src/adapters/ssh2/resolve-target.js';
import { must } from '../../../src/testing/contract/expect-result.js';

const { PIKACI_FUZZ_RUNS: FUZZ_RUNS } = process.env;
const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'pikaci-as-ssh-'));
const shell = new LocalShell();
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await shell[Symbol.asyncDispose]();
});

/** What `ssh -G` prints of a host, the keywords that are honoured. */
async function asSsh(file: string, host: string) {
  const { stdout } = await run('ssh', ['-G', '-F', file, host], {
    env: { ...process.env, SHELL: '/bin/sh' },
  });
  const said = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [keyword = '', ...value] = line.split(' ');
    said.set(keyword, [...(said.get(keyword) ?? []), value.join(' ')]);
  }
  const one = (keyword: string) => said.get(keyword)?.[0] ?? null;
  return {
    host: one('hostname'),
    port: one('port'),
    user: one('user'),
    alias: one('hostkeyalias'),
    // The defaults differ: ssh2 knows fewer kinds of keys.
    identities: (said.get('identityfile') ?? []).filter((path) => path.startsWith('/')),
    identitiesOnly: one('identitiesonly') === 'yes',
    way: one('proxycommand')?.split(' ')[0] ?? one('proxyjump')?.split(',').length ?? null,
  };
}

async function asPikaci(file: string, host: string) {
  const { homedir: home, username: user } = userInfo();
  const environment = { home, user, authSock: null, shell: '/bin/sh', localHost: hostname() };
  const local = { shell, dial: () => expect.fail('nothing is dialled') };
  const found = must(await resolveTarget({ host, configFile: file, environment, local }));
  return {
    host: found.host,
    port: String(found.port),
    user: found.user,
    alias: found.hostKeyAlias,
    identities: found.identities.filter(({ isDefault }) => !isDefault).map(({ path }) => path),
    identitiesOnly: found.identitiesOnly,
    way: found.proxyCommand?.[2]?.replace('exec ', '').split(' ')[0] ?? (found.jumps.length || null),
  };
}

const patterns = [
  '*',
  'b*',
  'web?',
  '*.example',
  '!build',
  'build',
  'BUILD',
  'x-*',
  '10.0.*',
  '::1',
  'nobody',
];
const settings = [
  'HostName real.example',
  'HostName=%h.Example',
  'HostName 10.1.1.1',
  'User ci',
  'USER = "deploy"',
  'Port 2222',
  "port '10022' # the old one",
  'IdentityFile /k/a',
  'IdentityFile "/k/with space"',
  'IdentityFile /k/with\\ space',
  'IdentitiesOnly yes',
  'HostKeyAlias Farm.Example',
  'ProxyCommand nc %h %p',
  'ProxyCommand none',
  'ProxyJump none',
  'ServerAliveInterval 3',
  '# nothing',
  '',
  'Include INCLUDED',
];
const criteria = [
  'host build',
  'host=real.example,web*',
  'host = *.example,!x.example',
  '!host build',
  'originalhost web*,build',
  'user ci,root',
  '!user ci',
  'exec true',
  'exec "FOO=bar true"',
  'exec="test %n = %h"',
  '!exec "test %p = 22"',
  'exec "test x%r = xci"',
  'final',
  '!final',
];

it('a configuration says of a host what it says to ssh', async () => {
  const block = fc.oneof(
    fc
      .array(fc.constantFrom(...patterns), { minLength: 1, maxLength: 3 })
      .map((all) => `Host ${all.join(' ')}`),
    fc
      .array(fc.constantFrom(...criteria), { minLength: 1, maxLength: 2 })
      .map((all) => `Match ${all.join(' ')}`),
  );
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...settings) },
    { weight: 2, arbitrary: block },
  );
  const file = fc.array(line, { minLength: 2, maxLength: 12 });
  const host = fc.constantFrom('build', 'web1', 'db.example', 'Build', '10.0.0.5', 'x-y', '::1');
  await fc.assert(
    fc.asyncProperty(file, file, host, async (lines, included, asked) => {
      const path = join(directory, 'config');
      const other = join(directory, 'included');
      writeFileSync(path, `${lines.join('\n').replaceAll('INCLUDED', other)}\n`);
      writeFileSync(other, included.filter((one) => !one.startsWith('Include')).join('\r\n'));
      expect(await asPikaci(path, asked)).toEqual(await asSsh(path, asked));
    }),
    // The same each time; PIKACI_FUZZ_RUNS looks at others.
    FUZZ_RUNS === undefined ? { numRuns: 100, seed: 1 } : { numRuns: Number(FUZZ_RUNS) },
  );
});
