import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import { SftpFileStore } from '../../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';
import { optionsFor } from '../../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;

beforeAll(async () => {
  sshd = await startSshd(['Subsystem sftp /usr/lib/openssh/sftp-server']);
});

afterAll(() => sshd.stop());

/** Bash reads it before each command that sshd hands to it. */
const bashrc = (text: string) => writeFileSync(join(sshd.directory, '.bashrc'), `${text}\n`);

it('an external sftp-server works where the login shell is silent', async () => {
  rmSync(join(sshd.directory, '.bashrc'), { force: true });
  await using connection = new Ssh2Connection(optionsFor(sshd));
  await using files = new SftpFileStore(connection);
  expect(must(await files.stat(sshd.directory))).toMatchObject({ type: 'directory' });
});

it.each([
  ['a line', 'echo Welcome', 'Welc'],
  ['two characters', 'printf hi', 'hi\u0000\u0000'],
  ['much', 'head -c 200000 /dev/zero | tr "\\0" x', 'xxxx'],
])('a login shell that prints %s is named, with how it begins', async (_, text, begins) => {
  bashrc(text);
  await using connection = new Ssh2Connection(optionsFor(sshd));
  await using files = new SftpFileStore(connection);
  const fault = mustFail(await files.stat(sshd.directory), 'io');
  expect(fault.message).toContain('the login shell of the user prints something');
  expect(fault.message).toContain(JSON.stringify(begins));
  // Commands do not mind, and the session was given back.
  await using local = new LocalShell();
  const command = must(await new Ssh2Shell(connection, local).spawn({ argv: ['echo', 'of the command'] }));
  let said = '';
  for await (const { stream, data } of command.output) if (stream === 'stdout') said += Buffer.from(data);
  expect(said).toBe('of the command\n');
});

it('a login shell that ends itself is named as well', async () => {
  bashrc('exit 1');
  await using connection = new Ssh2Connection(optionsFor(sshd));
  await using files = new SftpFileStore(connection);
  expect(mustFail(await files.stat(sshd.directory), 'io').message).toContain(
    'look at the login shell of the user',
  );
});
