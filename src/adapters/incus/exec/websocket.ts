import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import { type RawData, WebSocket } from 'ws';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { answerFault } from '../answers/answer-fault.js';
import { type CallSite, fault } from '../call-site.js';

export interface SocketEvents {
  /** Called for every message from the first on; `binary` is false for a text frame. */
  message(data: Buffer, binary: boolean): void;
  /** Once, when the connection is gone; `broken` when the transport said so, and not an orderly end. */
  closed(reason: string, broken: boolean): void;
}

const handshakeTimeoutMs = 10_000;
/** Incus sends frames of at most 128 KiB for output; an event can be larger. */
const maxMessageBytes = 64 * 1024 * 1024;

/**
 * Opens a websocket over a dialed stream, which it owns from here on. The events are wired before the handshake, because
 * the first message can arrive together with its answer.
 */
export function openWebSocket(
  site: CallSite,
  stream: Duplex,
  path: string,
  events: SocketEvents,
): Promise<Result<WebSocket, IncusFault>> {
  return new Promise((resolve) => {
    // The name is never resolved: the stream is connected already, and encrypted where the transport is.
    const socket = new WebSocket(`ws://incus${path}`, {
      createConnection: () => stream as never,
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxMessageBytes,
      skipUTF8Validation: true,
    });
    let opened = false;
    let reason = 'the connection ended';
    let broken = false;
    // ws keeps a transport's error to itself once the socket is open.
    stream.on('error', (error) => {
      broken = true;
      reason = error.message;
    });
    const refuse = (refusal: IncusFault): void => {
      resolve(err(refusal));
      stream.destroy();
    };
    socket.on('message', (data: RawData, binary: boolean) => events.message(data as Buffer, binary));
    socket.on('open', () => {
      opened = true;
      resolve(ok(socket));
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      refuse(answerFault(site, status, `the daemon refused the websocket with status ${status}`));
    });
    socket.on('error', (error) => {
      reason = error.message;
      if (!opened) refuse(fault(site, 'connection_lost', `no websocket: ${reason}`));
    });
    socket.on('close', () => {
      if (opened) events.closed(reason, broken);
      else refuse(fault(site, 'connection_lost', `no websocket: ${reason}`));
    });
  });
}

/** Resolves when the bytes were handed to the transport; `false` when the connection is gone. */
export function sendMessage(socket: WebSocket, data: Uint8Array | string): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve(false);
    socket.send(data, { binary: typeof data !== 'string' }, (error) => resolve(!error));
  });
}
