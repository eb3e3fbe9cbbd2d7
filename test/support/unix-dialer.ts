import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { err, ok } from 'neverthrow';
import type { SocketDialer } from '../../src/ports/socket-dialer.js';

/** Dials a unix socket of this machine, and remembers the streams so that a test can break them. */
export function unixDialer(path: string): SocketDialer & { readonly streams: Duplex[] } {
  const endpoint = `unix:${path}`;
  const streams: Duplex[] = [];
  return {
    endpoint,
    streams,
    dial: () =>
      new Promise((resolve) => {
        const socket = connect(path);
        socket.once('connect', () => {
          streams.push(socket);
          resolve(ok(socket));
        });
        socket.once('error', ({ message }) =>
          resolve(err({ kind: 'unreachable', host: endpoint, tried: `dial ${endpoint}`, message })),
        );
      }),
  };
}
