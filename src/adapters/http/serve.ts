import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { err, ok, type Result } from 'neverthrow';
import type { HostsView } from '../../application/hosts/hosts-view.js';
import type { OpenTerminal } from '../../application/machine/guest-shell.js';
import type { WebhookReceiver } from '../../domain/hooks/webhook-receiver.js';
import type { RunActions } from '../../domain/target/run-actions.js';
import { createApp } from './app.js';
import { isLoopback } from './is-loopback.js';
import { EventStreams } from './live/event-streams.js';
import type { ServedRuns } from './source/run-source.js';
import { TerminalSockets } from './terminal/terminal-sockets.js';
import { TerminalTickets } from './terminal/terminal-tickets.js';

const SHORTEST_TOKEN = 16;
const MOST_CONNECTIONS = 256;
/** Longer than event streams are quiet: only a client that does not read comes to it. */
const IDLE_MS = 60_000;
/** A shell that was left behind a page does not keep its machine's terminal for ever. */
const TERMINALS = { most: 16, idleMs: 30 * 60_000, lifeMs: 8 * 3_600_000, pingMs: 30_000 };
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
  /** Opens terminals in machines of jobs for whoever shows the token; nobody may when left out. */
  readonly terminal?: OpenTerminal | null;
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
  const {
    host,
    token,
    publicBadges = false,
    hooks = null,
    actions = null,
    hosts = null,
    terminal = null,
  } = options;
  if (token === null && !isLoopback(host))
    return err({
      kind: 'token_required',
      message: `${host} can be reached from elsewhere: a token is required`,
    });
  if (token === null && actions !== null)
    return err({ kind: 'token_required', message: 'who may change runs shows a token: it is required' });
  if (token === null && terminal !== null)
    return err({
      kind: 'token_required',
      message: 'a terminal is for whoever shows a token: it is required',
    });
  if (token !== null && token.length < SHORTEST_TOKEN)
    return err({ kind: 'token_too_short', message: `the token has fewer than ${SHORTEST_TOKEN} characters` });
  const streams = new EventStreams(STREAM_LIMITS);
  const tickets = terminal === null ? null : new TerminalTickets();
  const app = createApp(runs, { token, publicBadges }, streams, { hooks, actions, hosts, tickets });
  const sockets =
    terminal === null || tickets === null ? null : new TerminalSockets(terminal, tickets, TERMINALS);
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  if (sockets !== null)
    server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  const failure = await listening(server, options);
  if (failure !== null) return err({ kind: 'address', message: failure });
  let closed: Promise<void> | null = null;
  const closeAll = async () => {
    streams.closeAll();
    await sockets?.closeAll();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  const close = () => {
    closed ??= closeAll();
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
