import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { RestIncusApi, type RestIncusApiOptions } from '../../src/adapters/incus/rest-incus-api.js';
import { unixDialer } from './unix-dialer.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A daemon that answers as a test says, byte for byte, on a unix socket of its own. */
export interface FakeDaemon extends AsyncDisposable {
  readonly api: RestIncusApi;
  /** The client's ends of all its connections. */
  readonly streams: readonly Duplex[];
  /** Method and path of every request, in order. */
  readonly asked: string[];
  answer: Answer;
  /** Gets the connection of every attempt to open a websocket instead, and is to answer it. */
  onUpgrade: ((stream: Duplex) => void) | null;
  /** Takes a websocket, by the secret in its address; the default refuses all of them. */
  onSocket: ((secret: string, socket: WebSocket) => void) | null;
}

export async function fakeDaemon(
  answer: Answer,
  options: Partial<RestIncusApiOptions> = {},
): Promise<FakeDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'pikaci-fake-daemon-'));
  const path = join(directory, 'socket');
  const held: Duplex[] = [];
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer((request, response) => {
    daemon.asked.push(`${request.method} ${request.url}`);
    daemon.answer(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const { onSocket, onUpgrade } = daemon;
    held.push(stream);
    if (onUpgrade) return onUpgrade(stream);
    if (!onSocket) {
      stream.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const secret = new URL(`http://x${request.url}`).searchParams.get('secret') ?? '';
    sockets.handleUpgrade(request, stream, head, (socket) => onSocket(secret, socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const dialer = unixDialer(path);
  const api = new RestIncusApi({ dialer, host: 'fake', warmConnections: 0, ...options });
  const daemon: FakeDaemon = {
    api,
    streams: dialer.streams,
    asked: [],
    answer,
    onUpgrade: null,
    onSocket: null,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      for (const stream of held) stream.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
  return daemon;
}

export function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export const sync = (metadata: unknown): unknown => ({ type: 'sync', status_code: 200, metadata });
export const failed = (code: number, text: string): unknown => ({
  type: 'error',
  error: text,
  error_code: code,
});
export const started = (id: string, metadata: unknown = {}): unknown => ({
  type: 'async',
  operation: `/1.0/operations/${id}`,
  metadata,
});

export function operation(parts: object): unknown {
  return {
    id: 'op',
    class: 'task',
    description: 'Testing',
    status: 'Success',
    status_code: 200,
    may_cancel: false,
    err: '',
    resources: null,
    metadata: null,
    ...parts,
  };
}
