import { err, ok, type Result } from 'neverthrow';
import type { SFTPWrapper } from 'ssh2';
import type { FileFault } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';
import { onAbort } from '../../streams/on-abort.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { Ssh2Connection } from './connection.js';
import type { SshLink } from './link.js';
import { openSession } from './open-session.js';

const NOT_YET = 'cancelled before there was a connection';

type NodeCallback<T> = (error: Error | undefined | null, value: T) => void;

/** One SFTP session on one link; over when either is. */
export interface OpenSession {
  readonly link: SshLink;
  readonly sftp: SFTPWrapper;
  /** Set when the session has ended while the link may still be up. */
  over: boolean;
}

/** An answer of the server that is not a success; `code` is SFTP's (draft-ietf-secsh-filexfer-02, 7). */
export interface SftpProblem {
  readonly code: number | null;
  readonly message: string;
}

/** Keeps one SFTP session open on a connection, and opens another when that one is lost. Takes one of the sessions' places. */
export class SftpSessions {
  private current: OpenSession | null = null;
  private opening: Promise<Result<OpenSession, FileFault>> | null = null;

  constructor(private readonly connection: Ssh2Connection) {}

  async session(call: FileCall, options: CallOptions): Promise<Result<OpenSession, FileFault>> {
    const { current } = this;
    if (current !== null && !current.over && current.link.lost === null) return ok(current);
    this.opening ??= this.open(call).finally(() => {
      this.opening = null;
    });
    const opened = await bounded(this.opening, { signal: options.signal });
    if (opened === 'aborted' || opened === 'timed_out') {
      const cause = shellFault('aborted', { host: this.connection.host, tried: 'connect' }, NOT_YET);
      return err({ ...fileFault('aborted', call, 'cancelled by the caller'), cause });
    }
    return opened.mapErr((fault) => ({ ...fault, path: call.path, operation: call.operation }));
  }

  private async open(call: FileCall): Promise<Result<OpenSession, FileFault>> {
    const fail = (kind: FileFault['kind'], message: string) => err(fileFault(kind, call, message));
    const opened = await openSession<SFTPWrapper>(this.connection, (client, answer) => client.sftp(answer), {
      tried: 'open an SFTP session',
      late: (sftp) => sftp.end(),
    });
    if (opened.isErr()) {
      if (typeof opened.error === 'string')
        return fail('connection_lost', 'the host opened no SFTP session in time');
      if (opened.error.kind === 'spawn_failed') return fail('io', opened.error.message);
      return err({ ...fileFault('connection_lost', call, opened.error.message), cause: opened.error });
    }
    const { link, channel: sftp, release } = opened.value;
    const session: OpenSession = { link, sftp, over: false };
    const end = () => {
      session.over = true;
      release();
    };
    link.onLost(end);
    sftp.on('error', end);
    sftp.on('end', end);
    sftp.on('close', end);
    this.current = session;
    return ok(session);
  }

  close(): void {
    this.current?.sftp.end();
    if (this.current !== null) this.current.over = true;
  }
}

/** One request of a session. `Err` with a fault when there is no answer, with a problem when the server says no. */
export function sftpRequest<T>(
  session: OpenSession,
  options: CallOptions,
  start: (sftp: SFTPWrapper, answer: NodeCallback<T>) => void,
): Promise<Result<T, SftpProblem | 'lost' | 'aborted'>> {
  const { link, sftp } = session;
  const { signal } = options;
  return new Promise((resolve) => {
    const settle = (result: Result<T, SftpProblem | 'lost' | 'aborted'>) => {
      forget();
      forgetSignal();
      resolve(result);
    };
    let forgetSignal = () => {};
    let forget = () => {};
    if (link.lost !== null || session.over) return resolve(err('lost'));
    if (signal?.aborted) return resolve(err('aborted'));
    forget = link.onLost(() => settle(err('lost')));
    forgetSignal = onAbort(signal, () => settle(err('aborted')));
    try {
      start(sftp, (error, value) => {
        if (!error) return settle(ok(value));
        const { code } = error as { code?: unknown };
        // Without a code it is ssh2's own: the session went away under the request.
        if (typeof code !== 'number')
          settle(err(/no response/i.test(error.message) ? 'lost' : noCode(error)));
        else settle(err({ code, message: error.message }));
      });
    } catch (error) {
      settle(err(noCode(error as Error)));
    }
  });
}

function noCode(error: Error): SftpProblem {
  return { code: null, message: error.message };
}
