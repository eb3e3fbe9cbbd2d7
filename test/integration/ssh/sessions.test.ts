import { existsSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import type { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import { SftpFileStore } from '../../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { connectionTo } from '../../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let connection: Ssh2Connection;

afterEach(async () => {
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
});

/** Commands that say something when they have begun, and go on until their input ends. */
async function started(count: number): Promise<(() => Promise<number | null>)[]> {
  const shell = new Ssh2Shell(connection, new LocalShell());
  return Promise.all(
    Array.from({ length: count }, async () => {
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      // biome-ignore lint/correctness/useYield: an input without a byte, which ends when it is told to
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        await ended;
      })();
      const command = (
        await shell.spawn({ argv: ['sh', '-c', 'echo begun; cat; exit 3'], stdin })
      )._unsafeUnwrap();
      const output = command.output[Symbol.asyncIterator]();
      expect(Buffer.from((await output.next()).value.data).toString()).toBe('begun\n');
      return async () => {
        end();
        expect(await output.next()).toMatchObject({ done: true });
        return (await command.exit)._unsafeUnwrap().code;
      };
    }),
  );
}

it.each([1, 2, 3, 10])(
  'twenty commands and a file at once, on a server that allows %s sessions on a connection',
  async (allowed) => {
    sshd = await startSshd([`MaxSessions ${allowed}`]);
    connection = connectionTo(sshd);
    const commands = await started(20);
    expect(sshd.children().length).toBeGreaterThanOrEqual(Math.floor(20 / allowed));
    await using files = new SftpFileStore(connection);
    expect((await files.readFile(sshd.knownHostsFile))._unsafeUnwrap().length).toBeGreaterThan(0);
    expect(await Promise.all(commands.map((end) => end()))).toEqual(commands.map(() => 3));
  },
);

it('a command is ended although the server allows no session beside it', async () => {
  sshd = await startSshd(['MaxSessions 1']);
  connection = connectionTo(sshd);
  const shell = new Ssh2Shell(connection, new LocalShell());
  const abort = new AbortController();
  const command = (
    await shell.spawn({ argv: ['sh', '-c', 'echo $$; sleep 600'] }, { signal: abort.signal })
  )._unsafeUnwrap();
  const { value } = await command.output[Symbol.asyncIterator]().next();
  const pid = Number(Buffer.from(value.data).toString());
  abort.abort();
  expect((await command.exit)._unsafeUnwrapErr().kind).toBe('aborted');
  // What was ended may wait for its parent, the server, to take note of it.
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

it('one connection alone serves many commands, some after the others', async () => {
  sshd = await startSshd(['MaxSessions 2']);
  connection = connectionTo(sshd, { maxConnections: 1 });
  const shell = new Ssh2Shell(connection, new LocalShell());
  const ended = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const command = (await shell.spawn({ argv: ['sh', '-c', 'exit "$0"', `${index}`] }))._unsafeUnwrap();
      return (await command.exit)._unsafeUnwrap().code;
    }),
  );
  expect(ended).toEqual(Array.from({ length: 12 }, (_, index) => index));
});
