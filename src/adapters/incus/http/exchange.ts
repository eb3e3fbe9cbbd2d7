import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { err, ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import { type CallSite, fault } from './call-site.js';
import { DialError, dialFault } from './dial-fault.js';
import type { DialedAgent } from './dialed-agent.js';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Sent as it comes, instead of a body whose length is known; one that throws ends the request. */
  readonly content?: AsyncIterable<Uint8Array>;
  readonly maxBytes: number;
  /** Until the whole answer is here; `timed_out` after it. */
  readonly timeoutMs: number;
  readonly signals: readonly Cancel[];
}

/** A signal and the kind of fault that it makes of the call. */
export interface Cancel {
  readonly signal: AbortSignal;
  readonly kind: 'aborted' | 'closed';
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Outcome = Result<HttpAnswer, IncusFault>;

/**
 * One request and its whole answer. A connection that breaks before the answer is complete is `connection_lost`.
 * A GET or HEAD that met a kept connection just as the daemon hung up on it is sent once more: it has no effect.
 */
export async function exchange(agent: DialedAgent, site: CallSite, what: HttpRequest): Promise<Outcome> {
  const first = await attempt(agent, site, what);
  const repeatable = what.method === 'GET' || what.method === 'HEAD';
  return first.stale && repeatable ? (await attempt(agent, site, what)).outcome : first.outcome;
}

function attempt(
  agent: DialedAgent,
  site: CallSite,
  what: HttpRequest,
): Promise<{ outcome: Outcome; stale: boolean }> {
  return new Promise((resolve) => {
    let settled = false;
    let sent: ClientRequest | undefined;
    const unlisten: (() => void)[] = [];
    const settle = (outcome: Outcome, stale = false): void => {
      if (settled) return;
      settled = true;
      takeBack();
      for (const undo of unlisten) undo();
      resolve({ outcome, stale });
      // One that was answered before all of it was sent is over: nobody takes the rest.
      if (outcome.isErr() || sent?.writableEnded === false) sent?.destroy();
    };
    const takeBack = awakeTimer(what.timeoutMs, () =>
      settle(err(fault(site, 'timed_out', `no complete answer in ${what.timeoutMs} ms`))),
    );
    for (const { signal, kind } of what.signals) {
      const cancel = (): void => settle(err(fault(site, kind, 'the call was cancelled')));
      if (signal.aborted) return cancel();
      signal.addEventListener('abort', cancel, { once: true });
      unlisten.push(() => signal.removeEventListener('abort', cancel));
    }
    sent = request({ agent, method: what.method, path: what.path, headers: headersOf(what), host: 'incus' });
    let answered = false;
    sent.on('error', (error) => settle(err(lost(site, error)), sent?.reusedSocket === true && !answered));
    sent.on('response', (response) => {
      answered = true;
      agent.answered(response.socket);
      collect(response, site, what.maxBytes, settle);
    });
    if (what.content === undefined) sent.end(what.body);
    else
      void sendContent(sent, what.content).then((failure) => {
        if (failure !== null) settle(err(fault(site, 'aborted', failure)));
      });
  });
}

/** Null when all of it was sent, or nobody takes it any more; else why there is no more of it. */
async function sendContent(sent: ClientRequest, content: AsyncIterable<Uint8Array>): Promise<string | null> {
  try {
    for await (const piece of content) {
      if (sent.destroyed) return null;
      if (!sent.write(piece)) await takenOrGone(sent);
    }
  } catch (error) {
    return `what was to be sent could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  sent.end();
  return null;
}

function takenOrGone(sent: ClientRequest): Promise<void> {
  if (sent.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      sent.off('drain', done);
      sent.off('close', done);
      resolve();
    };
    sent.on('drain', done);
    sent.on('close', done);
  });
}

function headersOf(what: HttpRequest): Record<string, string | number> {
  return what.body === undefined
    ? { ...what.headers }
    : { ...what.headers, 'content-length': what.body.length };
}

export function lost(site: CallSite, error: Error): IncusFault {
  return error instanceof DialError
    ? dialFault(site, error.fault)
    : fault(site, 'connection_lost', `the connection broke: ${error.message}`);
}

function collect(
  response: IncomingMessage,
  site: CallSite,
  maxBytes: number,
  settle: (outcome: Outcome) => void,
): void {
  const pieces: Buffer[] = [];
  let size = 0;
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > maxBytes) {
      settle(err(fault(site, 'invalid_request', `the answer has more than ${maxBytes} bytes`)));
      return;
    }
    pieces.push(piece);
  });
  response.on('error', (error) => settle(err(lost(site, error))));
  response.on('close', () => {
    if (!response.complete) settle(err(lost(site, new Error('the answer was cut short'))));
  });
  response.on('end', () => {
    if (!response.complete) return;
    const body = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size);
    settle(ok({ status: response.statusCode ?? 0, headers: response.headers, body }));
  });
}
