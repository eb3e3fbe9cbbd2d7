import { Duplex } from 'node:stream';

/**
 * A duplex that Node's HTTP agents take for a socket. They call these methods on what they keep for later use; for a stream that
 * lies within another connection they have no meaning.
 */
export class SocketLike extends Duplex {
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
