import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { err, ok, type Result } from 'neverthrow';
import type { HostsView } from '../../application/hosts/hosts-view.js';
import type { WebhookReceiver } from '../../domain/hooks/webhook-receiver.js';
import type { RunActions } from '../../domain/target/run-actions.js';
import { createApp } from './app.js';
import { isLoopback } from './is-loopback.js';
import { EventStreams } from './live/event-streams.js';
import type { ServedRuns } from './source/run-source.js';

const SHORTEST_TOKEN = 16;
const MOST_CONNECTIONS = 256;
/** Longer than event streams are quiet: only a client that does not read comes to it. */
const IDLE_MS = 60_000;
const STREAM_LIMITS = { most: 64, lifeMs: 60 * 60 * 1000, quietMs: 15_000 };

export interface ServeOptions {
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What callers must show; null for none, which only loopback allows. */
  readonly token: string | null;
  /** Badges are answered to everybody, also within pages from elsewhere; not when left out. */
  readonly publicBadges?: boolean;
  /** Takes webhooks; none are taken when left out. */
  readonly hooks?: WebhookReceiver | null;
  /** What waits, and what hosts have; not shown when left out. */
  readonly hosts?: HostsView | null;
  /** Cancels runs and runs them again for whoever shows the token; nobody may when left out. */
  readonly actions?: RunActions | null;
}

/**
 * - `token_required`: without a token only loopback is served, and nothing is changed. `token_too_short`: it could be guessed.
 * - `address`: the address cannot be listened on; `message` has the system's word.
 */
export interface ServeFault {
  readonly kind: 'token_required' | 'token_too_short' | 'address';
  readonly message: string;
}

/** A server that listens, until it is closed. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  /** Ends what is under way, and frees the port. */
  close(): Promise<void>;
}

export async function serveRuns(
  runs: ServedRuns,
  options: ServeOptions,
): Promise<Result<Serving, ServeFault>> {
  const { host, token, publicBadges = false, hooks = null, actions = null, hosts = null } = options;
  if (token === null && !isLoopback(host))
    return err({
      kind: 'token_required',
      message: `${host} can be reached from elsewhere: a token is required`,
    });
  if (token === null && actions !== null)
    return err({ kind: 'token_required', message: 'who may change runs shows a token: it is required' });
  if (token !== null && token.length < SHORTEST_TOKEN)
    return err({ kind: 'token_too_short', message: `the token has fewer than ${SHORTEST_TOKEN} characters` });
  const streams = new EventStreams(STREAM_LIMITS);
  const app = createApp(runs, { token, publicBadges }, streams, { hooks, actions, hosts });
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  const failure = await listening(server, options);
  if (failure !== null) return err({ kind: 'address', message: failure });
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= new Promise((resolve) => {
      streams.closeAll();
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  return ok({ url: urlOf(server, host), close, [Symbol.asyncDispose]: close });
}

function listening(server: Server, { host, port }: ServeOptions): Promise<string | null> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(`cannot listen on ${host}:${port}: ${error.message}`));
    server.listen({ host, port }, () => resolve(null));
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
