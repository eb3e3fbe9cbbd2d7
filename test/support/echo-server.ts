import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket that sends back what it gets. */
export async function startEchoServer() {
  const directory = await mkdtemp(join(tmpdir(), 'pikaci-echo-'));
  const path = join(directory, 'echo.sock');
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    missing: join(directory, 'missing.sock'),
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
