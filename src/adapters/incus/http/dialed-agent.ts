import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { DialError } from '../dial-fault.js';
import type { StreamPool } from './stream-pool.js';

/** Keep-alive connections over streams from the dialer. All go to one endpoint, so the name in a URL means nothing. */
export class DialedAgent extends Agent {
  constructor(
    private readonly pool: StreamPool,
    options: AgentOptions = {},
  ) {
    super({ keepAlive: true, maxFreeSockets: 8, scheduling: 'lifo', ...options });
  }

  /** Connections that wait for their next request. */
  get idle(): number {
    return Object.values(this.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): null {
    void this.pool.take().then((dialed) => {
      if (dialed.isOk()) callback?.(null, dialed.value);
      else (callback as ((error: Error) => void) | undefined)?.(new DialError(dialed.error));
    });
    return null;
  }
}
