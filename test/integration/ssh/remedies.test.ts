import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { SystemClock } from '../../../src/adapters/node/system-clock.js';
import { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import type { Ssh2Options } from '../../../src/adapters/ssh2/options.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { checkConnection } from '../../../src/application/doctor/connection-check.js';
import { startAgent } from '../../support/ssh-agent.js';
import { optionsFor } from '../../support/ssh-connection.js';
import { makeKey, publicKey, startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let jump: TestSshd;
const local = new LocalShell();

beforeAll(async () => {
  sshd = await startSshd();
  jump = await startSshd();
  appendFileSync(join(jump.directory, 'authorized_keys'), `${publicKey(sshd.identityFile)}\n`);
});

afterAll(async () => {
  await sshd.stop();
  await jump.stop();
  await local[Symbol.asyncDispose]();
});

/** The host is known by an alias alone, and reached through another: its address says nothing to whoever types it. */
function behindJump(
  known: readonly string[],
  own = ['IdentityAgent none', `IdentityFile ${sshd.identityFile}`],
): Partial<Ssh2Options> {
  const file = (name: string, lines: readonly string[]) => {
    const path = join(sshd.directory, name);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  };
  const knownHosts = file('remedy_known', known);
  const configFile = file('remedy_config', [
    'Host build',
    '  HostName 127.0.0.1',
    `  Port ${sshd.port}`,
    '  HostKeyAlias farm',
    '  ProxyJump via',
    'Host via',
    '  HostName 127.0.0.1',
    `  Port ${jump.port}`,
    'Host *',
    `  User ${sshd.user}`,
    ...own.map((line) => `  ${line}`),
    `  UserKnownHostsFile ${knownHosts}`,
    '  GlobalKnownHostsFile /dev/null',
  ]);
  return { host: 'build', configFile };
}

async function doctored(more: Partial<Ssh2Options>) {
  const { port: _, user: _user, knownHostsFiles: _known, identityFile: _key, ...options } = optionsFor(sshd);
  await using connection = new Ssh2Connection({ ...options, ...more });
  return await checkConnection(
    new Ssh2Shell(connection, local),
    new SystemClock(),
    new AbortController().signal,
  );
}

async function remedyOf(more: Partial<Ssh2Options>): Promise<string> {
  return (await doctored(more)).remedy ?? '';
}

/** As pasted into a terminal whose user answers `yes`; what ssh asked comes back. */
function pasted(remedy: string, more: Record<string, string> = {}): string {
  const asked = join(sshd.directory, 'asked');
  const askpass = join(sshd.directory, 'askpass');
  writeFileSync(asked, '');
  writeFileSync(askpass, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${asked}'\necho yes\n`);
  chmodSync(askpass, 0o755);
  const env = {
    ...process.env,
    HOME: sshd.directory,
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: 'force',
    ...more,
  };
  execFileSync('bash', ['-c', remedy], { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  return readFileSync(asked, 'utf8');
}

const jumpKey = () => `[127.0.0.1]:${jump.port} ${jump.hostKey}`;

describe('what doctor says of a host behind a jump and an alias works when it is pasted', () => {
  it('asks before it adds an unknown key, that of the jump first and then that of the host', async () => {
    const options = behindJump([]);
    const known = join(sshd.directory, 'remedy_known');
    const first = await doctored(options);
    expect(first).toMatchObject({ status: 'failed', detail: expect.stringContaining(`:${jump.port}`) });
    expect(readFileSync(known, 'utf8')).toBe('');
    const asked = pasted(first.remedy ?? '');
    const fingerprint = /SHA256:\S+/.exec(first.remedy ?? '')?.[0] ?? '';
    expect(asked).toContain(fingerprint);
    const second = await doctored(options);
    expect(second).toMatchObject({ status: 'failed', detail: expect.stringContaining('farm') });
    pasted(second.remedy ?? '');
    expect(readFileSync(known, 'utf8')).toContain('farm ssh-ed25519');
    expect(await doctored(options)).toMatchObject({ status: 'ok' });
  });

  it('looks for another key under the name that known_hosts has', async () => {
    const options = behindJump([jumpKey(), `farm ${jump.hostKey}`]);
    const remedy = await remedyOf(options);
    expect(execFileSync('bash', ['-c', remedy], { encoding: 'utf8' })).toContain('farm');
  });

  it('gives the host the key that it refuses', async () => {
    const identityFile = makeKey(join(sshd.directory, 'new'));
    const known = [jumpKey(), `farm ${sshd.hostKey}`];
    const options = behindJump(known, []);
    appendFileSync(join(jump.directory, 'authorized_keys'), `${publicKey(identityFile)}\n`);
    const remedy = await remedyOf({ ...options, identityFile });
    expect(remedy).toMatch(/^ssh-copy-id -i \S+new\.pub -F \S+remedy_config build$/);
    // Its user has another way in, and a folder for ssh's files.
    mkdirSync(join(sshd.directory, '.ssh'), { mode: 0o700 });
    using agent = await startAgent(join(sshd.directory, 'agent'), [sshd.identityFile]);
    pasted(remedy, { SSH_AUTH_SOCK: agent.socket });
    const authorized = join(sshd.directory, '.ssh/authorized_keys');
    expect(readFileSync(authorized, 'utf8')).toContain(publicKey(identityFile));
  });

  it('reaches the host where something else is wrong', async () => {
    const options = behindJump([jumpKey(), `farm ${sshd.hostKey}`]);
    writeFileSync(join(sshd.directory, '.bashrc'), 'exit 7\n');
    const seen = await doctored(options);
    writeFileSync(join(sshd.directory, '.bashrc'), '');
    expect(seen).toMatchObject({
      status: 'failed',
      remedy: expect.stringMatching(/^ssh -v -F \S+ build true$/),
    });
    pasted(seen.remedy ?? '');
  });
});
