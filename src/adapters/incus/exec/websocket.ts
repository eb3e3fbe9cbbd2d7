import type { ClientRequest } from 'node:http';
import { err, ok, type Result } from 'neverthrow';
import type { RawData, WebSocket } from 'ws';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { answerFault } from '../answers/answer-fault.js';
import { type CallSite, fault } from '../http/call-site.js';
import { DialError, dialFault } from '../http/dial-fault.js';
import type { DialedAgent } from '../http/dialed-agent.js';

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
 * Opens a websocket on a kept connection, or on a new one. The events are wired before the handshake, because the first message
 * can arrive together with its answer. A kept connection that the daemon had just hung up on is tried again on another one.
 */
export async function openWebSocket(
  site: CallSite,
  agent: DialedAgent,
  path: string,
  events: SocketEvents,
): Promise<Result<WebSocket, IncusFault>> {
  // Loaded with the first websocket: whoever only reads records needs none.
  const ws = await import('ws');
  const first = await attempt(ws, site, agent, path, events);
  return first.stale ? (await attempt(ws, site, agent, path, events)).outcome : first.outcome;
}

interface Attempt {
  readonly outcome: Result<WebSocket, IncusFault>;
  readonly stale: boolean;
}

function attempt(
  ws: typeof import('ws'),
  site: CallSite,
  agent: DialedAgent,
  path: string,
  events: SocketEvents,
): Promise<Attempt> {
  return new Promise((resolve) => {
    let request: ClientRequest | undefined;
    let opened = false;
    let broken = false;
    let reason = 'the connection ended';
    // The name is never resolved: the agent dials, and its connections are encrypted where the transport is.
    const socket = new ws.WebSocket(`ws://incus${path}`, {
      agent,
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxMessageBytes,
      skipUTF8Validation: true,
      finishRequest: (made) => {
        request = made;
        made.end();
      },
    });
    const refuse = (refusal: IncusFault, stale = false): void => resolve({ outcome: err(refusal), stale });
    socket.on('message', (data: RawData, binary: boolean) => events.message(data as Buffer, binary));
    socket.on('upgrade', (response) => {
      // ws keeps a transport's error to itself once the socket is open.
      response.socket.on('error', (error) => {
        broken = true;
        reason = error.message;
      });
    });
    socket.on('open', () => {
      opened = true;
      resolve({ outcome: ok(socket), stale: false });
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      refuse(answerFault(site, status, `the daemon refused the websocket with status ${status}`));
      socket.terminate();
    });
    socket.on('error', (error) => {
      reason = error.message;
      if (opened) return;
      if (error instanceof DialError) refuse(dialFault(site, error.fault));
      else refuse(fault(site, 'connection_lost', `no websocket: ${reason}`), request?.reusedSocket === true);
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
    if (socket.readyState !== socket.OPEN) return resolve(false);
    socket.send(data, { binary: typeof data !== 'string' }, (error) => resolve(!error));
  });
}
