import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { OpenTerminal } from '../../../application/machine/guest-shell.js';
import { type TerminalBounds, TerminalLink } from './terminal-link.js';
import type { JobName, TerminalTickets } from './terminal-tickets.js';

/** Before the ticket, as a subprotocol: unlike an address it is in no log of a proxy. */
const TICKET = 'ticket.';
const PROTOCOL = 'pikaci-terminal';
const PATH = /^\/runs\/([^/]+)\/jobs\/([^/]+)\/terminal$/;
/** A paste comes in pieces of this size at most. */
const LARGEST_MESSAGE = 64 * 1024;

export interface TerminalBoundsOfAll extends TerminalBounds {
  /** That are open at once. */
  readonly most: number;
}

/** The terminals that are open from pages. */
export class TerminalSockets {
  readonly #open: OpenTerminal;
  readonly #tickets: TerminalTickets;
  readonly #bounds: TerminalBoundsOfAll;
  readonly #links = new Set<TerminalLink>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: () => PROTOCOL,
  });
  #isClosed = false;

  constructor(open: OpenTerminal, tickets: TerminalTickets, bounds: TerminalBoundsOfAll) {
    this.#open = open;
    this.#tickets = tickets;
    this.#bounds = bounds;
  }

  /** Takes a connection that wants to be a websocket, or says why not. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const job = jobOf(request.url ?? '');
    const refusal = this.#whyNot(request, job);
    if (job === null || refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const link = new TerminalLink(webSocket, this.#bounds);
      this.#links.add(link);
      void link.run((call) => this.#open({ ...job, ...call })).finally(() => this.#links.delete(link));
    });
  }

  /** As a status of HTTP; null where the connection may be made. */
  #whyNot(request: IncomingMessage, job: JobName | null): string | null {
    if (job === null) return '404 Not Found';
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    const ticket = protocols.find((one) => one.startsWith(TICKET))?.slice(TICKET.length) ?? '';
    const isAsked = protocols.includes(PROTOCOL) && isOwnPage(request);
    if (!isAsked || !this.#tickets.use(ticket, job)) return '403 Forbidden';
    return this.#isClosed || this.#links.size >= this.#bounds.most ? '503 Service Unavailable' : null;
  }

  /** Ends all shells, and waits for that. */
  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#links].map((link) => link.end('the server is being closed')));
    this.#server.close();
  }
}

/** Browsers say which page opens a websocket, and no page can say that it is another (RFC 6455, 10.2). */
function isOwnPage({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

function jobOf(url: string): JobName | null {
  const [, run, job] = PATH.exec(url) ?? [];
  if (run === undefined || job === undefined) return null;
  try {
    return { runId: decodeURIComponent(run), jobId: decodeURIComponent(job) };
  } catch {
    return null;
  }
}
