import type { Duplex } from 'node:stream';

/** The parts of net.Socket that node:http and ws call on a connection and that a plain Duplex (an SSH channel) lacks. */
const socketMethods = ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'] as const;

/** Gives a stream the socket methods that it lacks, as no-ops: an SSH channel has no timers and no TCP options of its own. */
export function withSocketShape(stream: Duplex): Duplex {
  const shaped = stream as Duplex & Record<string, unknown>;
  for (const method of socketMethods) {
    if (typeof shaped[method] !== 'function') shaped[method] = () => stream;
  }
  return stream;
}
