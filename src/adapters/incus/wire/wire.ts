import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { err, ok, type Result } from 'neverthrow';
import type { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { Tagged } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import type { SocketDialer } from '../../../ports/socket-dialer.js';
import { type Accepted, acceptedOf } from '../answers/envelope.js';
import { parseValue } from '../answers/parse.js';
import { type CallSite, fault } from '../http/call-site.js';
import { DialedAgent } from '../http/dialed-agent.js';
import { exchange, type HttpAnswer, type HttpRequest } from '../http/exchange.js';
import { openAnswer } from '../http/open-answer.js';

const MiB = 1024 * 1024;

export interface WireOptions {
  readonly dialer: SocketDialer;
  /** For messages. */
  readonly host: string;
  /** One dial; default 20000. */
  readonly dialTimeoutMs?: number;
  /** One request that does not wait for an operation; default 30000. */
  readonly requestTimeoutMs?: number;
  /** Connections that are opened while an instance starts, for the exec that follows; default 5, as many as one exec uses. */
  readonly warmConnections?: number;
}

export interface WireRequest extends CallOptions {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly content?: AsyncIterable<Uint8Array>;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
}

type Answer<T> = Promise<Result<T, IncusFault>>;

/** Requests over the connections of one daemon, with their bounds. Knows envelopes, not what is in them. */
export class Wire {
  readonly host: string;
  readonly agent: DialedAgent;
  readonly #closing = new AbortController();
  readonly #requestTimeoutMs: number;
  readonly #warmConnections: number;

  constructor(options: WireOptions) {
    this.host = options.host;
    // Every call under way listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.agent = new DialedAgent(options.dialer, options.dialTimeoutMs ?? 20_000);
    this.#warmConnections = options.warmConnections ?? 5;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  }

  /** Fires when the owner closes the API. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  site(tried: string): CallSite {
    return { host: this.host, tried };
  }

  /**
   * Opens connections for the calls to come, by the cheapest request there is; a failure shows when they are wanted. An exec
   * upgrades kept connections, which over SSH saves it a round trip.
   */
  warm(): void {
    for (let idle = this.agent.idle; idle < this.#warmConnections; idle += 1) {
      void this.send({ method: 'GET', path: '/' });
    }
  }

  /** The raw answer, whatever its status. */
  send(request: WireRequest): Answer<HttpAnswer> {
    return exchange(this.agent, this.siteOf(request), this.#httpOf(request));
  }

  /** The answer as it begins; its body is the caller's to read, or to destroy. */
  open(request: WireRequest): Answer<IncomingMessage> {
    return openAnswer(this.agent, this.siteOf(request), this.#httpOf(request));
  }

  #httpOf(request: WireRequest): HttpRequest {
    const body = request.bytes ?? (request.json === undefined ? undefined : jsonBytes(request.json));
    const signals: HttpRequest['signals'] = [
      { signal: this.closing, kind: 'closed' },
      ...(request.signal ? [{ signal: request.signal, kind: 'aborted' as const }] : []),
    ];
    return {
      method: request.method,
      path: request.path,
      headers: {
        ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(request.content === undefined ? {} : { content: request.content }),
      maxBytes: request.maxBytes ?? 64 * MiB,
      timeoutMs: request.timeoutMs ?? this.#requestTimeoutMs,
      signals,
    };
  }

  /** The accepted answer; refusals are faults. */
  async call(request: WireRequest): Answer<{ readonly accepted: Accepted; readonly answer: HttpAnswer }> {
    const answer = await this.send(request);
    return answer.andThen((given) =>
      acceptedOf(this.siteOf(request), given).map((accepted) => ({ accepted, answer: given })),
    );
  }

  async get<T>(schema: z.ZodType<T>, path: string, options: CallOptions = {}): Answer<T> {
    return (await this.getTagged(schema, path, options)).map(({ value }) => value);
  }

  /** The etag is empty where the daemon sends none. */
  async getTagged<T>(schema: z.ZodType<T>, path: string, options: CallOptions = {}): Answer<Tagged<T>> {
    const request: WireRequest = { ...options, method: 'GET', path };
    const called = await this.call(request);
    if (called.isErr()) return err(called.error);
    const { accepted, answer } = called.value;
    return parseValue(this.siteOf(request), schema, accepted.metadata, 'metadata').map((value) => ({
      value,
      etag: answer.headers.etag ?? '',
    }));
  }

  /** A call that has its effect when it is answered. */
  async done(request: WireRequest): Answer<void> {
    const called = await this.call(request);
    if (called.isErr()) return err(called.error);
    return called.value.accepted.type === 'sync'
      ? ok(undefined)
      : err(fault(this.siteOf(request), 'unexpected_answer', 'type: an operation where none was expected'));
  }

  siteOf(request: WireRequest): CallSite {
    return this.site(`${request.method} ${request.path}`);
  }

  close(): void {
    this.#closing.abort();
    this.agent.destroy();
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
