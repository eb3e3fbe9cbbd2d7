import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import type { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import type { Ssh2Options } from '../../../src/adapters/ssh2/options.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { ran } from '../../../src/testing/contract/run-command.js';
import { connectionTo } from '../../support/ssh-connection.js';
import { makeKey, publicKey, startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let jump: TestSshd;

beforeAll(async () => {
  sshd = await startSshd();
  jump = await startSshd();
});

afterAll(async () => {
  await sshd.stop();
  await jump.stop();
});

async function says(connection: Ssh2Connection): Promise<string> {
  const shell = new Ssh2Shell(connection, new LocalShell());
  return (await ran(shell, { argv: ['echo', 'hello'] })).stdout;
}

async function faultOf(more: Partial<Ssh2Options>) {
  await using connection = connectionTo(sshd, more);
  const link = await connection.link();
  return link.isErr() ? link.error : null;
}

/** A key that the server takes. */
function authorizedKey(name: string, options: { type?: string; passphrase?: string } = {}): string {
  const path = makeKey(join(sshd.directory, name), options);
  appendFileSync(join(sshd.directory, 'authorized_keys'), `${publicKey(path)}\n`);
  return path;
}

it('an encrypted key opens with its passphrase, and with no other', async () => {
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    const identityFile = authorizedKey(`encrypted-${type}`, { type, passphrase: 'sesame' });
    await using connection = connectionTo(sshd, { identityFile, passphrase: 'sesame' });
    expect(await says(connection)).toBe('hello\n');
    for (const passphrase of ['wrong', undefined]) {
      const fault = await faultOf(passphrase === undefined ? { identityFile } : { identityFile, passphrase });
      expect(fault).toMatchObject({ kind: 'authentication_failed' });
      expect(JSON.stringify(fault)).not.toContain('sesame');
    }
  }
});

it('a key that the host does not know is authentication_failed', async () => {
  const identityFile = makeKey(join(sshd.directory, 'stranger'));
  expect(await faultOf({ identityFile })).toMatchObject({ kind: 'authentication_failed' });
});

it('a key file that is not there is named', async () => {
  const fault = await faultOf({ identityFile: join(sshd.directory, 'no-such-key') });
  expect(fault).toMatchObject({
    kind: 'authentication_failed',
    message: expect.stringContaining('no-such-key'),
  });
});

it('the keys of an agent are used', async () => {
  const socket = join(sshd.directory, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => agent.stdout.once('data', resolve));
    execFileSync('ssh-add', ['-q', authorizedKey('in-agent')], {
      env: { SSH_AUTH_SOCK: socket, PATH: process.env['PATH'] },
    });
    const identityFile = makeKey(join(sshd.directory, 'not-accepted'));
    await using connection = connectionTo(sshd, { agent: socket, identityFile });
    expect(await says(connection)).toBe('hello\n');
  } finally {
    agent.kill();
  }
});

it('an agent that is not there does not stop the key files', async () => {
  await using connection = connectionTo(sshd, { agent: join(sshd.directory, 'no-agent.sock') });
  expect(await says(connection)).toBe('hello\n');
});

it('an alias of the SSH configuration is followed, except where it would weaken the check', async () => {
  const home = join(sshd.directory, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  const config = (knownHosts: string) =>
    [
      'Host build',
      '  HostName 127.0.0.1',
      `  Port ${sshd.port}`,
      `  User ${sshd.user}`,
      `  IdentityFile ${sshd.identityFile}`,
      '  IdentityAgent none',
      `  UserKnownHostsFile ${knownHosts}`,
      '  StrictHostKeyChecking no',
      'Host *',
      '  Port 1',
      '',
    ].join('\n');
  writeFileSync(join(home, '.ssh/config'), config(sshd.knownHostsFile));
  const options = {
    host: 'build',
    systemConfigFile: null,
    environment: { home, user: 'nobody', authSock: null },
  };
  const { Ssh2Connection } = await import('../../../src/adapters/ssh2/connection.js');
  await using connection = new Ssh2Connection(options);
  expect(await says(connection)).toBe('hello\n');
  expect(connection.host).toBe(`${sshd.user}@127.0.0.1:${sshd.port}`);

  writeFileSync(join(home, '.ssh/config'), config('/dev/null'));
  await using strict = new Ssh2Connection(options);
  const link = await strict.link();
  expect(link.isErr() && link.error).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
});

it('a configuration with a port that is none says where it stands', async () => {
  const configFile = join(sshd.directory, 'bad_config');
  writeFileSync(configFile, 'Host *\n  Port many\n');
  const fault = await faultOf({ configFile });
  expect(fault).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/bad_config line 2: port of 127\.0\.0\.1/),
  });
});

it('a host behind another one is reached through it, and the keys of both are checked', async () => {
  // Each server knows its own key only; the jump needs the target's too.
  appendFileSync(join(jump.directory, 'authorized_keys'), `${publicKey(sshd.identityFile)}\n`);
  const via = `${jump.user}@127.0.0.1:${jump.port}`;
  const knownHostsFiles = [sshd.knownHostsFile, jump.knownHostsFile];
  await using connection = connectionTo(sshd, { jumps: [via], knownHostsFiles });
  expect(await says(connection)).toBe('hello\n');
  expect(jump.children()).toHaveLength(1);

  const fault = await faultOf({ jumps: [via], knownHostsFiles: [sshd.knownHostsFile] });
  expect(fault).toMatchObject({ kind: 'host_key_refused', host: via, reason: 'unknown' });
  const target = await faultOf({ jumps: [via], knownHostsFiles: [jump.knownHostsFile] });
  expect(target).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
});

it('a jump through ProxyJump of the configuration works as well', async () => {
  appendFileSync(join(jump.directory, 'authorized_keys'), `${publicKey(sshd.identityFile)}\n`);
  const configFile = join(sshd.directory, 'jump_config');
  writeFileSync(
    configFile,
    ['Host via', '  HostName 127.0.0.1', `  Port ${jump.port}`, 'Host 127.0.0.1', '  ProxyJump via', ''].join(
      '\n',
    ),
  );
  const knownHostsFiles = [sshd.knownHostsFile, jump.knownHostsFile];
  await using connection = connectionTo(sshd, { configFile, knownHostsFiles });
  expect(await says(connection)).toBe('hello\n');
});

it('a port on which nobody listens is unreachable', async () => {
  // Refused at once, so again and again: an error that nobody listens to yet would end the process.
  for (let i = 0; i < 30; i++) expect(await faultOf({ port: 1 })).toMatchObject({ kind: 'unreachable' });
  expect(await faultOf({ host: 'no-such-host.invalid' })).toMatchObject({ kind: 'unreachable' });
});

it('a server that never says a word is unreachable after the bound', async () => {
  const { createServer } = await import('node:net');
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    expect(await faultOf({ port, timing: { handshakeMs: 100 } })).toMatchObject({ kind: 'unreachable' });
  } finally {
    silent.close();
  }
});

it('a key that is known by a user certificate only fails with the name of the certificate', async () => {
  const ca = makeKey(join(sshd.directory, 'ca'));
  const identityFile = makeKey(join(sshd.directory, 'certified'));
  execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'ci', '-n', sshd.user, `${identityFile}.pub`]);
  const certificate = `${identityFile}-cert.pub`;
  expect((await faultOf({ identityFile }))?.message).toMatch(
    /certificates \(.*\/certified-cert\.pub\) cannot be/,
  );

  const moved = join(sshd.directory, 'elsewhere.pub');
  renameSync(certificate, moved);
  const configFile = join(sshd.directory, 'certificate_config');
  writeFileSync(configFile, `Host *\n  CertificateFile ${moved}\n`);
  expect((await faultOf({ identityFile, configFile }))?.message).toContain(`(${moved})`);
});
