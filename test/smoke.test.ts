import { createServer } from 'node:net';
import { test } from 'vitest';
import { Ssh2Connection } from '../src/adapters/ssh2/connection.js';
import { Ssh2Shell } from '../src/adapters/ssh2/shell.js';
import { Ssh2StreamlocalDialer } from '../src/adapters/ssh2/streamlocal-dialer.js';
import { startSshd } from './support/sshd.js';

test('smoke', async () => {
  const sshd = await startSshd();
  const connection = new Ssh2Connection({
    host: '127.0.0.1',
    port: sshd.port,
    user: sshd.user,
    identityFile: sshd.identityFile,
    knownHostsFiles: [sshd.knownHostsFile],
    configFile: null,
    agent: null,
  });
  let t = performance.now();
  const link = await connection.link();
  console.log('handshake', performance.now() - t, link.isOk() || link);
  const shell = new Ssh2Shell(connection, {
    spawn: () => {
      throw new Error('x');
    },
  } as never);
  for (let i = 0; i < 10; i++) {
    t = performance.now();
    const c = (await shell.spawn({ argv: ['true'] }))._unsafeUnwrap();
    const spawned = performance.now() - t;
    const e = await c.exit;
    console.log('true', spawned, performance.now() - t, e);
  }
  const c = (
    await shell.spawn({
      argv: ['sh', '-c', 'cat; echo "$X"; pwd; echo err >&2; exit 3'],
      env: { X: "a'b\nü" },
      cwd: '/tmp',
      stdin: Buffer.from('hi '),
    })
  )._unsafeUnwrap();
  for await (const o of c.output) console.log(o.stream, JSON.stringify(Buffer.from(o.data).toString()));
  console.log(await c.exit);
  const c2 = (
    await shell.spawn({ argv: ['sh', '-c', 'setsid sh -c "echo $$; sleep 100" & sleep 1000'] })
  )._unsafeUnwrap();
  t = performance.now();
  await c2[Symbol.asyncDispose]();
  console.log(performance.now() - t, await c2.exit);
  const server = createServer((s) => s.pipe(s)).listen('/tmp/shellwt/echo.sock');
  const dialer = new Ssh2StreamlocalDialer(connection, '/tmp/shellwt/echo.sock');
  for (let i = 0; i < 10; i++) {
    t = performance.now();
    const s = (await dialer.dial())._unsafeUnwrap();
    s.write('x');
    await new Promise((r) => s.once('data', r));
    console.log('echo', performance.now() - t);
    s.destroy();
  }
  server.close();
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
}, 20000);
