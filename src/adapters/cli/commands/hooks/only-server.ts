import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';

/**
 * Held by the one server that takes webhooks for a state root, until disposed of; null when another holds it. A name of Linux's own kind (unix(7), abstract),
 * which goes with the process, however that ends.
 */
export async function onlyServer(directory: string): Promise<AsyncDisposable | null> {
  const name = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  const server = createServer((socket) => socket.destroy());
  const isHeld = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ path: `\0pikaci-hooks-${name}` }, () => resolve(true));
  });
  if (!isHeld) return null;
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
