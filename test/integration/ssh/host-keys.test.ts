import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ShellFault } from '../../../src/ports/remote-shell.js';
import { connectionTo } from '../../support/ssh-connection.js';
import { makeKey, publicKey, startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let otherKey: string;

beforeAll(async () => {
  sshd = await startSshd();
  otherKey = publicKey(makeKey(join(sshd.directory, 'other')));
});

afterAll(() => sshd.stop());

/** Connects with known_hosts files of these texts; `null` stands for success. */
async function faultWith(...texts: readonly string[]): Promise<ShellFault | null> {
  const knownHostsFiles = texts.map((text, index) => {
    const path = join(sshd.directory, `known_hosts.${index}`);
    writeFileSync(path, text);
    return path;
  });
  await using connection = connectionTo(sshd, { knownHostsFiles });
  const link = await connection.link();
  return link.isErr() ? link.error : null;
}

const name = () => `[127.0.0.1]:${sshd.port}`;

it('a host whose key is in the second file is trusted', async () => {
  expect(await faultWith('# nothing here\n', `${name()} ${sshd.hostKey} a comment\n`)).toBeNull();
});

it('a host that is in no file is refused, with the fingerprint to compare', async () => {
  const printed = execFileSync('ssh-keygen', ['-lf', join(sshd.directory, 'host.pub')], { encoding: 'utf8' });
  expect(await faultWith(`[127.0.0.1]:1 ${sshd.hostKey}\n`)).toMatchObject({
    kind: 'host_key_refused',
    reason: 'unknown',
    fingerprint: printed.split(' ')[1],
  });
});

it('a host that shows another key than the known one is refused', async () => {
  expect(await faultWith(`${name()} ${otherKey}\n`)).toMatchObject({
    kind: 'host_key_refused',
    reason: 'mismatch',
  });
});

it('a host that has no key of the known type is refused', async () => {
  const rsa = publicKey(makeKey(join(sshd.directory, 'rsa'), { type: 'rsa' }));
  expect(await faultWith(`${name()} ${rsa}\n`)).toMatchObject({
    kind: 'host_key_refused',
    reason: 'mismatch',
  });
});

it('a revoked key is refused although another line knows it', async () => {
  const fault = await faultWith(`${name()} ${sshd.hostKey}\n`, `@revoked * ${sshd.hostKey}\n`);
  expect(fault).toMatchObject({ kind: 'host_key_refused', reason: 'revoked' });
});

it('the line of a certificate authority does not vouch for a plain key', async () => {
  const fault = await faultWith(`@cert-authority ${name()} ${sshd.hostKey}\n`);
  expect(fault).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
});

it('a hashed entry as ssh-keygen writes it is understood', async () => {
  const path = join(sshd.directory, 'hashed');
  writeFileSync(path, `${name()} ${sshd.hostKey}\n`);
  execFileSync('ssh-keygen', ['-H', '-f', path], { stdio: 'ignore' });
  await using connection = connectionTo(sshd, { knownHostsFiles: [path] });
  expect((await connection.link()).isOk()).toBe(true);
});

it('a negated pattern takes a host out of a wildcard', async () => {
  const fault = await faultWith(`*,!${name()} ${sshd.hostKey}\n`);
  expect(fault).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
  expect(await faultWith(`[127.0.0.*]:${sshd.port} ${sshd.hostKey}\n`)).toBeNull();
});

it('a known_hosts file that cannot be read refuses every host', async () => {
  await using connection = connectionTo(sshd, {
    knownHostsFiles: [sshd.knownHostsFile, join(sshd.directory, 'not there')],
  });
  const link = await connection.link();
  expect(link.isErr() && link.error).toMatchObject({
    kind: 'host_key_refused',
    reason: 'unreadable_known_hosts',
  });
});

it('the fault names the one file to look at, and not all of them', async () => {
  const file = (index: number) => join(sshd.directory, `known_hosts.${index}`);
  expect(await faultWith('# none\n', '# none\n')).toMatchObject({
    reason: 'unknown',
    knownHostsFile: file(0),
  });
  expect(await faultWith('# none\n', `${name()} ${otherKey}\n`)).toMatchObject({
    reason: 'mismatch',
    knownHostsFile: file(1),
  });
  expect(await faultWith(`${name()} ${sshd.hostKey}\n`, `@revoked * ${sshd.hostKey}\n`)).toMatchObject({
    reason: 'revoked',
    knownHostsFile: file(1),
  });
});

it.each([
  [
    'KexAlgorithms sntrup761x25519-sha512@openssh.com',
    /no KEX method in common; the host offers sntrup761.*pikaci offers curve25519/,
  ],
  ['Ciphers 3des-cbc', /no C->S cipher in common; the host offers 3des-cbc; pikaci offers aes128-gcm/],
])('a server with other algorithms only is told with what each side offers: %s', async (line, message) => {
  const picky = await startSshd([line]);
  try {
    await using connection = connectionTo(picky);
    const link = await connection.link();
    expect(link.isErr() && link.error).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(message),
    });
  } finally {
    await picky.stop();
  }
});
