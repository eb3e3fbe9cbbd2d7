import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import type { Ssh2Options } from '../../../src/adapters/ssh2/options.js';
import { startAgent, type TestAgent } from '../../support/ssh-agent.js';
import { connectionTo, optionsFor } from '../../support/ssh-connection.js';
import { makeKey, publicKey, startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let agent: TestAgent;
let known: string;

beforeAll(async () => {
  sshd = await startSshd();
  const strangers = Array.from({ length: 8 }, (_, index) => makeKey(join(sshd.directory, `other-${index}`)));
  known = makeKey(join(sshd.directory, 'known'));
  appendFileSync(join(sshd.directory, 'authorized_keys'), `${publicKey(known)}\n`);
  agent = await startAgent(join(sshd.directory, 'agent.sock'), [...strangers, known]);
});

afterAll(async () => {
  agent[Symbol.dispose]();
  await sshd.stop();
});

/** Null when the connection is there. */
async function faultOf(more: Partial<Ssh2Options>) {
  // The key that the server takes is not among the options unless a test names it.
  const { identityFile: _, ...options } = optionsFor(sshd, { agent: agent.socket });
  await using connection = new Ssh2Connection({ ...options, ...more });
  const link = await connection.link();
  return link.isErr() ? link.error : null;
}

function configuration(...lines: readonly string[]): string {
  const path = join(sshd.directory, 'config');
  writeFileSync(path, `Host *\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return path;
}

it('more keys in an agent than the server has patience for are authentication_failed, and no outage', async () => {
  const fault = await faultOf({});
  expect(fault).toMatchObject({
    kind: 'authentication_failed',
    tooManyKeys: { agent: agent.socket },
    message: expect.stringMatching(/Too many authentication failures.* after \d of the agent.*identityFile/),
  });
});

it('a named key comes before the others of the agent', async () => {
  expect(await faultOf({ identityFile: sshd.identityFile })).toBeNull();
  expect(await faultOf({ configFile: configuration(`IdentityFile ${sshd.identityFile}`) })).toBeNull();
});

it('a named key that only the agent can open, or whose public half alone is there, is the first one of the agent', async () => {
  expect(await faultOf({ identityFile: `${known}.pub` })).toBeNull();
  const sealed = makeKey(join(sshd.directory, 'sealed'), { passphrase: 'sesame' });
  expect(await faultOf({ identityFile: sealed })).toMatchObject({
    identity: { path: sealed, problem: 'encrypted' },
  });
  rmSync(known);
  expect(await faultOf({ configFile: configuration(`IdentityFile ${known}`) })).toBeNull();
});

it('IdentitiesOnly leaves the other keys of the agent out', async () => {
  const stranger = join(sshd.directory, 'other-0');
  const only = await faultOf({ configFile: configuration('IdentitiesOnly yes', `IdentityFile ${stranger}`) });
  expect(only).toMatchObject({
    kind: 'authentication_failed',
    identity: { path: stranger, problem: 'refused' },
    message: expect.stringContaining(`(${stranger})`),
  });
  const all = await faultOf({ configFile: configuration(`IdentityFile ${stranger}`) });
  expect(all).toMatchObject({ kind: 'authentication_failed', tooManyKeys: { agent: agent.socket } });
});

it('without any key the fault says so, and which file is not there', async () => {
  const fault = await faultOf({ agent: null });
  expect(fault).toMatchObject({
    kind: 'authentication_failed',
    identity: { path: join(sshd.directory, '.ssh/id_ed25519'), problem: 'missing' },
    message: expect.stringMatching(/no key to offer/),
  });
});

it('a server that wants something else than a key says what', async () => {
  const picky = await startSshd([
    'AuthenticationMethods publickey,keyboard-interactive',
    'KbdInteractiveAuthentication yes',
  ]);
  try {
    await using connection = connectionTo(picky);
    const link = await connection.link();
    expect(link.isErr() && link.error).toMatchObject({
      kind: 'authentication_failed',
      message: 'the host took a key and asks for keyboard-interactive besides',
    });
  } finally {
    await picky.stop();
  }
});
