import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { ClientChannel } from 'ssh2';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import type { SocketDialer } from '../../ports/socket-dialer.js';
import { bounded } from '../../streams/bounded.js';
import { endpointUnreachable, shellFault } from '../../streams/shell-fault.js';
import { ChannelStream } from './channel-stream.js';
import { ChannelTap } from './channel-tap.js';
import type { Ssh2Connection } from './connection.js';

/** Reaches a unix socket of the host through a channel of its own (OpenSSH PROTOCOL, 2.4: direct-streamlocal). */
export class Ssh2StreamlocalDialer implements SocketDialer {
  constructor(
    private readonly connection: Ssh2Connection,
    private readonly socketPath: string,
  ) {}

  get endpoint(): string {
    return `${this.connection.host} unix:${this.socketPath}`;
  }

  async dial(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    const at = { host: this.connection.host, tried: `open ${this.socketPath}` };
    const link = await this.connection.link(options);
    if (link.isErr()) return err(link.error);
    const opening = link.value.request<ClientChannel>((client, answer) =>
      client.openssh_forwardOutStreamLocal(this.socketPath, answer),
    );
    const opened = await bounded(opening, { ms: this.connection.timing.startMs, signal: options.signal });
    if (opened === 'aborted' || opened === 'timed_out') {
      void opening.then((late) =>
        late.map((channel) => new ChannelStream(link.value, new ChannelTap(channel)).destroy()),
      );
      return opened === 'aborted'
        ? err(shellFault('aborted', at, 'cancelled while the socket was being opened'))
        : err(endpointUnreachable(this.socketPath, at, 'the host did not open the socket in time'));
    }
    if (opened.isErr()) {
      // sshd gives one answer for a socket that is not there, not permitted, or not to be forwarded at all.
      return opened.error.kind === 'lost'
        ? err(shellFault('connection_lost', at, opened.error.message))
        : err(
            endpointUnreachable(
              this.socketPath,
              at,
              `${opened.error.message}; check that the socket is there, that the user may open it, and AllowStreamLocalForwarding`,
            ),
          );
    }
    return ok(new ChannelStream(link.value, new ChannelTap(opened.value)));
  }
}
