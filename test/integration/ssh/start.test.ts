import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import type { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { ran } from '../../../src/testing/contract/run-command.js';
import { connectionTo } from '../../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let connection: Ssh2Connection;
let shell: Ssh2Shell;

beforeAll(async () => {
  // Bash reads ~/.bashrc for commands over SSH; this stands for any login shell that talks.
  sshd = await startSshd();
  writeFileSync(join(sshd.directory, '.bashrc'), 'echo "welcome to this host"\n');
  connection = connectionTo(sshd);
  shell = new Ssh2Shell(connection, new LocalShell());
});

afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
});

it('what the login shell prints on its own is not part of the output', async () => {
  expect((await ran(shell, { argv: ['echo', 'only this'] })).stdout).toBe('only this\n');
});

it('a command line that the host could not take is refused before it is sent', async () => {
  const long = await ran(shell, {
    argv: ['sh', '-c', 'printf %s "$1" | wc -c', 'count', 'x'.repeat(120_000)],
  });
  expect(long.stdout.trim()).toBe('120000');
  const refused = await shell.spawn({ argv: ['echo', 'x'.repeat(132_000)] });
  expect(refused.isErr() && refused.error.kind).toBe('invalid_command');
});

it('a hundred short commands one after the other all end', async () => {
  for (let index = 0; index < 100; index += 1) {
    expect((await ran(shell, { argv: ['echo', String(index)] })).stdout).toBe(`${index}\n`);
  }
});
