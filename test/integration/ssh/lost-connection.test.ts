import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { Ssh2CommandDialer } from '../../../src/adapters/ssh2/command-dialer.js';
import type { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import { SftpFileStore } from '../../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { Ssh2StreamlocalDialer } from '../../../src/adapters/ssh2/streamlocal-dialer.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { ran } from '../../../src/testing/contract/run-command.js';
import { type CutProxy, startCutProxy } from '../../support/cut-proxy.js';
import { connectionTo } from '../../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let proxy: CutProxy;
let connection: Ssh2Connection;
let shell: Ssh2Shell;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pikaci-lost-'));
  sshd = await startSshd();
  proxy = await startCutProxy(sshd.port);
  // The key is kept under the server's own port; the proxy has another.
  const known = join(directory, 'known_hosts');
  await (await import('node:fs/promises')).writeFile(known, `[127.0.0.1]:${proxy.port} ${sshd.hostKey}\n`);
  connection = connectionTo(sshd, {
    port: proxy.port,
    knownHostsFiles: [known],
    timing: { keepAliveMs: 100, keepAliveCount: 3, killGraceMs: 200 },
  });
  shell = new Ssh2Shell(connection, new LocalShell());
});

afterEach(async () => {
  await connection[Symbol.asyncDispose]();
  await proxy.close();
  await sshd.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Starts a command that writes without end, reads until it is under way, and gives what is left to read. */
async function startedStream() {
  const running = must(await shell.spawn({ argv: ['sh', '-c', 'echo $$; exec cat /dev/zero'] }));
  const reader = running.output[Symbol.asyncIterator]();
  const first = await reader.next();
  const pid = Number(Buffer.from(first.value.data).toString('latin1').split('\n')[0]);
  const rest = async () => {
    for (let next = await reader.next(); !next.done; next = await reader.next());
  };
  return { running, rest, pid };
}

const breaks: readonly (readonly [string, () => void])[] = [
  ['a connection that is reset', () => proxy.cut()],
  ['a connection that falls silent', () => proxy.freeze()],
  ['a server process that is killed', () => sshd.killChildren()],
];

for (const [what, breakIt] of breaks) {
  it(`${what} in the middle of an output is connection_lost, and the next call connects again`, async () => {
    const { running, rest } = await startedStream();
    breakIt();
    await rest();
    const exit = await running.exit;
    expect(exit.isErr() && exit.error.kind).toBe('connection_lost');
    expect((await ran(shell, { argv: ['echo', 'again'] })).stdout).toBe('again\n');
    await running[Symbol.asyncDispose]();
  });
}

it('a command that was cut off is ended over the next connection when it is disposed of', async () => {
  const running = must(await shell.spawn({ argv: ['sh', '-c', 'echo $$; exec sleep 1000 >/dev/null 2>&1'] }));
  const reader = running.output[Symbol.asyncIterator]();
  const pid = Buffer.from((await reader.next()).value.data)
    .toString('latin1')
    .trim();
  proxy.cut();
  expect((await running.exit).isErr()).toBe(true);
  const state = () =>
    readFile(`/proc/${pid}/stat`, 'latin1').then(
      (stat) => stat.split(') ')[1]?.[0] ?? '',
      () => 'gone',
    );
  expect(['R', 'S', 'D']).toContain(await state());
  await running[Symbol.asyncDispose]();
  expect(['Z', 'gone']).toContain(await state());
});

it('a stream to a socket that is cut fails; it does not end', async () => {
  const path = join(directory, 'echo.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(path);
  try {
    for (const dialer of [
      new Ssh2StreamlocalDialer(connection, path),
      new Ssh2CommandDialer(connection, ['socat', '-', `UNIX-CONNECT:${path}`]),
    ]) {
      const stream = must(await dialer.dial());
      stream.write('x');
      await once(stream, 'data');
      const outcome = new Promise((resolve) => {
        stream.once('error', (error) => resolve(error.message));
        stream.once('end', () => resolve('end'));
      });
      proxy.cut();
      expect(await outcome).toMatch(/connection lost/);
    }
  } finally {
    server.close();
  }
});

it('files: a call that was cut off is connection_lost, and the next one works', async () => {
  await using store = new SftpFileStore(connection);
  must(await store.writeFile(join(directory, 'f'), Buffer.from('x')));
  proxy.freeze();
  const lost = await store.readFile(join(directory, 'f'));
  expect(lost.isErr() && lost.error.kind).toBe('connection_lost');
  expect(Buffer.from(must(await store.readFile(join(directory, 'f')))).toString()).toBe('x');
});

it('trees: an upload that is cut off is connection_lost', async () => {
  const upload = shell.uploadTree({
    source: '/usr/lib',
    destination: join(directory, 'up'),
    onProgress: () => proxy.cut(),
  });
  const sent = await upload;
  expect(sent.isErr() && sent.error.kind).toBe('connection_lost');
});

it('a connection that its owner has closed takes no more calls', async () => {
  expect((await ran(shell, { argv: ['echo', 'x'] })).stdout).toBe('x\n');
  await connection[Symbol.asyncDispose]();
  const after = await shell.spawn({ argv: ['true'] });
  expect(after.isErr() && after.error.kind).toBe('closed');
  await expect.poll(() => sshd.children()).toEqual([]);
});
