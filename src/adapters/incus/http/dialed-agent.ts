import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { err, type Result } from 'neverthrow';
import type { ShellFault } from '../../../ports/remote-shell.js';
import type { SocketDialer } from '../../../ports/socket-dialer.js';
import { awakeTimeout } from '../../../streams/awake-timer.js';
import { endpointUnreachable } from '../../../streams/shell-fault.js';
import { DialError } from './dial-fault.js';
import { withSocketShape } from './socket-shape.js';

/**
 * Keep-alive connections over streams from the dialer. All go to one endpoint, so the name in a URL means nothing.
 *
 * Nothing is dialed ahead of a request: Incus reads the first bytes of a connection to its unix socket (for STARTTLS) before it
 * accepts the next one, and a connection that says nothing holds up every client of the daemon (seen with 6.0.4).
 */
export class DialedAgent extends Agent {
  readonly #answered = new WeakSet<Duplex>();

  constructor(
    private readonly dialer: SocketDialer,
    private readonly dialTimeoutMs: number,
  ) {
    super({ keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo' });
  }

  /** Connections that wait for their next request. */
  get idle(): number {
    return Object.values(this.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
  }

  /** The daemon has answered on this connection: it may be kept. */
  answered(stream: Duplex): void {
    this.#answered.add(stream);
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): null {
    void this.#dial().then((dialed) => {
      if (dialed.isOk()) callback?.(null, withSocketShape(dialed.value));
      else (callback as ((error: Error) => void) | undefined)?.(new DialError(dialed.error));
    });
    return null;
  }

  /** What `false` is returned for is destroyed: so a connection whose request was given up before it was sent. */
  override keepSocketAlive(stream: Duplex): boolean {
    return this.#answered.has(stream) && (super.keepSocketAlive(stream) as unknown as boolean);
  }

  async #dial(): Promise<Result<Duplex, ShellFault>> {
    using bound = awakeTimeout(this.dialTimeoutMs);
    const dialed = await this.dialer.dial({ signal: bound.signal });
    if (dialed.isOk() || dialed.error.kind !== 'aborted' || !bound.signal.aborted) return dialed;
    const { endpoint } = this.dialer;
    const message = `no connection in ${this.dialTimeoutMs} ms`;
    return err(endpointUnreachable(endpoint, { host: endpoint, tried: `dial ${endpoint}` }, message));
  }
}
