import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../../ports/remote-shell.js';
import type { SocketDialer } from '../../../ports/socket-dialer.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import { endpointUnreachable, shellFault } from '../../../streams/shell-fault.js';
import { type PinnedCertificate, pinOf } from './pinned-certificate.js';

export interface HttpsDialerOptions {
  /** `https://host:8443`; nothing of it but host and port is used. */
  readonly url: string;
  /** PEM. The certificate that the daemon trusts, with its key. */
  readonly clientCert: string;
  readonly clientKey: string;
  /** The daemon's own certificate. There is no other way to trust it: no name and no authority is asked. */
  readonly server: PinnedCertificate;
  /** Connecting and the handshake together, ms; default 15000. */
  readonly timeoutMs?: number;
}

/** TLS with a client certificate to a daemon whose certificate is known beforehand; any other one is refused. */
export class HttpsDialer implements SocketDialer {
  readonly endpoint: string;
  readonly #options: HttpsDialerOptions;

  constructor(options: HttpsDialerOptions) {
    this.#options = options;
    this.endpoint = new URL(options.url).origin;
  }

  dial({ signal }: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    const pin = pinOf(this.#options.server);
    if (pin === null)
      return Promise.resolve(this.#refused('', 'the pinned server certificate cannot be read'));
    if (signal?.aborted) return Promise.resolve(err(this.#fault('aborted', 'the dial was cancelled')));
    return new Promise((resolve) => {
      const socket = this.#connect();
      const settle = (result: Result<Duplex, ShellFault>): void => {
        takeBack();
        signal?.removeEventListener('abort', onAbort);
        socket.off('error', onError).off('close', onClose);
        if (result.isErr()) socket.on('error', () => undefined).destroy();
        resolve(result);
      };
      const onAbort = (): void => settle(err(this.#fault('aborted', 'the dial was cancelled')));
      const onError = ({ message }: Error): void => settle(err(this.#fault('unreachable', message)));
      const onClose = (): void => settle(err(this.#fault('unreachable', 'the connection was closed')));
      const timeoutMs = this.#options.timeoutMs ?? 15_000;
      const takeBack = awakeTimer(timeoutMs, () =>
        settle(err(this.#fault('unreachable', `no TLS connection in ${timeoutMs} ms`))),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.on('error', onError).on('close', onClose);
      socket.once('secureConnect', () => settle(this.#checked(socket, pin)));
    });
  }

  #connect(): TLSSocket {
    const { url, clientCert, clientKey } = this.#options;
    const { hostname, port } = new URL(url);
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || '443'),
      cert: clientCert,
      key: clientKey,
      minVersion: 'TLSv1.2',
      // The pin is checked below, before a byte is sent: an authority or a name would add nothing to it. Sessions are not
      // resumed, because a resumed one shows no certificate to check.
      rejectUnauthorized: false,
    });
    return socket.setNoDelay(true).setKeepAlive(true, 15_000) as TLSSocket;
  }

  #checked(socket: TLSSocket, pin: string): Result<Duplex, ShellFault> {
    const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() ?? '';
    if (shown !== pin)
      return this.#refused(shown, 'the server showed another certificate than the pinned one');
    return ok(socket);
  }

  #refused(fingerprint: string, message: string): Result<never, ShellFault> {
    const reason = 'mismatch' as const;
    return err({
      kind: 'host_key_refused',
      host: this.endpoint,
      reason,
      fingerprint,
      knownHostsFile: '',
      message,
    });
  }

  #fault(kind: 'unreachable' | 'aborted', message: string): ShellFault {
    const at = { host: this.endpoint, tried: `dial ${this.endpoint}` };
    return kind === 'aborted'
      ? shellFault(kind, at, message)
      : endpointUnreachable(this.endpoint, at, message);
  }
}
