import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { ClientChannel } from 'ssh2';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { CallOptions, Command, ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { commandProblem } from '../../streams/command-check.js';
import { shellFault } from '../../streams/shell-fault.js';
import { commandLine, MAX_COMMAND_LINE_BYTES } from './command-line.js';
import type { Ssh2Connection } from './connection.js';
import type { SshLink } from './link.js';
import { faultOfLink } from './link-fault.js';
import { killCommand } from './process-kill.js';
import { requestSession } from './session-request.js';
import { awaitStart } from './start-wait.js';

/** A command that has started on a session channel, stopped before the first byte of its own output. */
export interface ExecChannel {
  readonly link: SshLink;
  readonly channel: ClientChannel;
  readonly token: string;
  readonly pid: number;
  /** Output that came along with the start. */
  readonly head: readonly OutputChunk[];
  readonly tried: string;
  /** The exit status, once it has come; it may come before the start is known. */
  readonly status: () => ExitStatus | null;
  /** Whether the channel has closed; that, too, may come first. */
  readonly closed: () => boolean;
  /** Gives the session's place back; call it when the channel is closed. */
  readonly release: () => void;
}

/** Starts a command on a channel of its own. The channel is paused; its owner reads both outputs and releases the place. */
export async function openExecChannel(
  connection: Ssh2Connection,
  command: Command,
  options: CallOptions = {},
): Promise<Result<ExecChannel, ShellFault>> {
  const { signal } = options;
  const tried = `run ${command.argv[0]}`;
  const fail = (kind: Parameters<typeof shellFault>[0], message: string) =>
    err(shellFault(kind, { host: connection.host, tried }, message));
  const problem = commandProblem(command);
  if (problem !== null) return fail('invalid_command', problem);
  const token = randomBytes(12).toString('hex');
  const line = commandLine(command, token);
  if (Buffer.byteLength(line) > MAX_COMMAND_LINE_BYTES) {
    return fail(
      'invalid_command',
      'the command line is longer than 128 KiB; hand the data in on standard input',
    );
  }
  const release = await connection.sessions.take(signal);
  if (release === null) return fail('aborted', 'cancelled while waiting for a free session');
  const link = await connection.link(options);
  if (link.isErr()) {
    release();
    return err(link.error);
  }
  let status: ExitStatus | null = null;
  let closed = false;
  const opening = requestSession<ClientChannel>(link.value, (client, answer) =>
    client.exec(line, (error, channel) => {
      // Listened to at once: the status of a short command comes in the same packet as the answer.
      channel?.on('exit', (code: number | null, signal?: string) => {
        status = { code, signal: code === null ? (signal ?? 'UNKNOWN').replace(/^SIG/, '') : null };
      });
      channel?.on('close', () => {
        closed = true;
      });
      answer(error, channel);
    }),
  );
  const opened = await bounded(opening, { ms: connection.timing.startMs, signal });
  if (opened === 'aborted' || opened === 'timed_out') {
    void abandon(connection, link.value, token, opening).finally(release);
    return opened === 'aborted'
      ? fail('aborted', 'cancelled while the command was being started')
      : fail('spawn_failed', `the host opened no session within ${connection.timing.startMs} ms`);
  }
  if (opened.isErr()) {
    release();
    return err(faultOfLink(opened.error, { host: connection.host, tried }));
  }
  const channel = opened.value;
  const start = await awaitStart({ link: link.value, channel, token, ms: connection.timing.startMs, signal });
  if ('problem' in start) {
    void abandon(connection, link.value, token, opening).finally(release);
    return fail(start.problem, start.message);
  }
  return ok({
    link: link.value,
    channel,
    token,
    pid: start.pid,
    head: start.head,
    tried,
    status: () => status,
    closed: () => closed,
    release,
  });
}

/** Ends a command whose start nobody waits for any more. */
async function abandon(
  connection: Ssh2Connection,
  link: SshLink,
  token: string,
  opening: Promise<Result<ClientChannel, unknown>>,
): Promise<void> {
  const opened = await opening;
  if (opened.isErr()) return;
  opened.value.on('error', () => {});
  opened.value.resume();
  opened.value.stderr.resume();
  await killCommand({ connection, link, token, pid: null });
  opened.value.close();
}
