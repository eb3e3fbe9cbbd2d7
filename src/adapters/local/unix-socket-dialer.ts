import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import type { SocketDialer } from '../../ports/socket-dialer.js';
import { awakeTimer } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';
import { endpointUnreachable, shellFault } from '../../streams/shell-fault.js';

const DIAL_MS = 10_000;

/** A unix socket of this machine. */
export class UnixSocketDialer implements SocketDialer {
  constructor(private readonly socketPath: string) {}

  get endpoint(): string {
    return `local unix:${this.socketPath}`;
  }

  dial(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    const at = { host: 'local', tried: `open ${this.socketPath}` };
    const { signal } = options;
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve(err(shellFault('aborted', at, 'cancelled by the caller')));
      const socket = connect({ path: this.socketPath });
      const fail = (fault: ShellFault) => {
        forget();
        socket.on('error', () => {});
        socket.destroy();
        resolve(err(fault));
      };
      const onError = (error: Error) => fail(endpointUnreachable(this.socketPath, at, error.message));
      // connect(2) waits where the listener's backlog is full.
      let forgetSignal = () => {};
      const takeBack = awakeTimer(DIAL_MS, () =>
        fail(endpointUnreachable(this.socketPath, at, `no answer in ${DIAL_MS} ms`)),
      );
      const forget = () => {
        takeBack();
        forgetSignal();
        socket.removeListener('error', onError);
      };
      forgetSignal = onAbort(signal, () => fail(shellFault('aborted', at, 'cancelled by the caller')));
      socket.once('error', onError);
      socket.once('connect', () => {
        forget();
        resolve(ok(socket));
      });
    });
  }
}
