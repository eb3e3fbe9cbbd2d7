import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, Command, ShellFault } from '../../ports/remote-shell.js';
import type { SocketDialer } from '../../ports/socket-dialer.js';
import { bounded } from '../../streams/bounded.js';
import { ChannelStream } from './channel-stream.js';
import type { ChannelTap } from './channel-tap.js';
import type { Ssh2Connection } from './connection.js';
import { type ExecChannel, openExecChannel } from './exec-channel.js';
import { killCommand } from './process-kill.js';

/** How long the end of the output waits for the exit status that explains it, milliseconds. */
const STATUS_WAIT_MS = 1_000;
const STDERR_TAIL = 2_000;

/**
 * The two pipes of a command on the host as a byte stream, such as `sudo -n socat - UNIX-CONNECT:/var/lib/incus/unix.socket`.
 * Takes one of the connection's sessions while the stream is open. A command that fails makes the stream fail.
 */
export class Ssh2CommandDialer implements SocketDialer {
  constructor(
    private readonly connection: Ssh2Connection,
    private readonly argv: Command['argv'],
  ) {}

  get endpoint(): string {
    return `${this.connection.host} command:${this.argv.join(' ')}`;
  }

  async dial(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    const exec = await openExecChannel(this.connection, { argv: this.argv }, options);
    if (exec.isErr()) return err(exec.error);
    return ok(dialStream(this.connection, exec.value));
  }
}

function dialStream(connection: Ssh2Connection, exec: ExecChannel): Duplex {
  const { tap, link, token, pid } = exec;
  let stderr = '';
  return new ChannelStream(link, tap, {
    onStderr: (data) => {
      stderr = (stderr + Buffer.from(data).toString('utf8')).slice(-STDERR_TAIL);
    },
    endProblem: async () => {
      await statusOf(tap);
      if (tap.status?.code === 0 || (tap.status === null && !tap.closed)) return null;
      const how = tap.status === null ? 'without a status' : `with ${tap.status.code ?? tap.status.signal}`;
      return new Error(`${exec.tried} ended ${how}: ${stderr.trim()}`);
    },
    onGone: () => {
      if (tap.closed || link.lost !== null) exec.release();
      else void killCommand({ connection, link, token, pid }).finally(exec.release);
    },
  });
}

/** Waits for the status, which may come after the end of the output; not for long, because a command may go on without one. */
async function statusOf({ channel, status, closed }: ChannelTap): Promise<void> {
  if (status !== null || closed) return;
  const known = new Promise<void>((resolve) => {
    channel.once('exit', () => resolve());
    channel.once('close', () => resolve());
  });
  await bounded(known, { ms: STATUS_WAIT_MS });
}
