import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy whose connections can be broken in the two ways in which lines break. */
export interface CutProxy {
  readonly port: number;
  /** Bytes that came from the server so far. */
  received(): number;
  /** Resolves when the server has sent `bytes` through this proxy in all. */
  whenReceived(bytes: number): Promise<void>;
  /** Resets every connection now (RST); new ones are taken. */
  cut(): void;
  /** Passes nothing on any more, in silence, for the connections that are open now; new ones are taken. */
  freeze(): void;
  /** Ends the server's side of the connections that were frozen, as one does that hears nothing for a while; their clients hear nothing of it. */
  endFrozenServers(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export async function startCutProxy(targetPort: number): Promise<CutProxy> {
  const pairs = new Set<Pair>();
  const frozen = new Set<Pair>();
  const waiting: { bytes: number; resolve: () => void }[] = [];
  let received = 0;
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    client.setNoDelay(true);
    const pair = { client, server: upstream };
    pairs.add(pair);
    upstream.on('data', (data) => {
      received += data.length;
      for (const wait of waiting.splice(0)) {
        if (received >= wait.bytes) wait.resolve();
        else waiting.push(wait);
      }
    });
    client.pipe(upstream);
    upstream.pipe(client);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  const port = await listen(server);
  return {
    port,
    received: () => received,
    whenReceived: (bytes) =>
      received >= bytes ? Promise.resolve() : new Promise((resolve) => waiting.push({ bytes, resolve })),
    cut: () => {
      for (const pair of [...pairs]) {
        pair.client.resetAndDestroy();
        pair.server.resetAndDestroy();
      }
    },
    freeze: () => {
      for (const pair of pairs) {
        const { client, server: upstream } = pair;
        frozen.add(pair);
        client.unpipe();
        upstream.unpipe();
        client.pause();
        upstream.pause();
      }
    },
    endFrozenServers: () => {
      for (const { server: upstream } of frozen) upstream.removeAllListeners('close').resetAndDestroy();
      frozen.clear();
    },
    close: async () => {
      for (const { client, server: upstream } of [...pairs]) {
        client.destroy();
        upstream.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
