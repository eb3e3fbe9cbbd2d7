import { err } from 'neverthrow';
import { expect, test } from 'vitest';
import { SystemClock } from '../../../../src/adapters/node/system-clock.js';
import { checkConnection } from '../../../../src/application/doctor/connection-check.js';
import type { RemoteShell, ShellFault } from '../../../../src/ports/remote-shell.js';

test.each([
  [undefined, /^ssh-copy-id -p 2222 '?ci@box'?$/],
  ['refused', /^ssh-copy-id -i '?\/k\/id\.pub'? -p 2222 '?ci@box'?$/],
  ['missing', /^ssh-keygen -t ed25519 -f '?\/k\/id'? && ssh-copy-id -i '?\/k\/id\.pub'? -p 2222 '?ci@box'? /],
  ['encrypted', /^ssh-keygen -y -f '?\/k\/id'? {3}# .*passphraseEnv/],
  ['unreadable', /^ssh-keygen -l -f '?\/k\/id'?$/],
] as const)('a key that is %s has its own remedy', async (problem, remedy) => {
  const fault: ShellFault = {
    kind: 'authentication_failed',
    host: 'ci@box:2222',
    tried: 'log in',
    message: 'no',
    ...(problem === undefined ? {} : { identity: { path: '/k/id', problem } }),
  };
  const shell = { host: fault.host, spawn: async () => err(fault) } as unknown as RemoteShell;
  const check = await checkConnection(shell, new SystemClock(), new AbortController().signal);
  expect(check).toMatchObject({ status: 'failed', remedy: expect.stringMatching(remedy) });
});

test.each([
  ['/run/agent', /^SSH_AUTH_SOCK=\/run\/agent ssh-add -l {3}# .*identityFile/],
  [null, /^ssh -G -p 2222 ci@box \| grep -i '\^identityfile' {3}# .*identityFile/],
] as const)('too many keys are told apart from a refused one: agent %s', async (agent, remedy) => {
  const fault: ShellFault = {
    kind: 'authentication_failed',
    host: 'ci@box:2222',
    tried: 'connect',
    message: 'too many',
    tooManyKeys: { agent },
  };
  const shell = { host: fault.host, spawn: async () => err(fault) } as unknown as RemoteShell;
  const check = await checkConnection(shell, new SystemClock(), new AbortController().signal);
  expect(check).toMatchObject({ status: 'failed', remedy: expect.stringMatching(remedy) });
});
