import { setTimeout as delay } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import type { Client } from 'ssh2';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import type { Ssh2Connection } from './connection.js';
import type { LinkFault, SshLink } from './link.js';
import { faultOfLink } from './link-fault.js';

/** SSH_OPEN_CONNECT_FAILED and SSH_OPEN_RESOURCE_SHORTAGE (RFC 4254, 5.1): what sshd says above MaxSessions. */
const TOO_MANY = [2, 4];
const FIRST_DELAY_MS = 2;
const TRIES = 9;

type Start<T> = (client: Client, answer: (error: Error | undefined | null, value: T) => void) => void;

export interface OpenedSession<T> {
  readonly link: SshLink;
  readonly channel: T;
  /** Gives the session's place back; call it when the channel is closed. */
  readonly release: () => void;
}

/**
 * Takes a place and asks for a session channel there; where the server allows fewer sessions on a connection than was thought,
 * on another connection. A channel that comes when nobody waits for it any more is handed to `late`.
 */
export async function openSession<T>(
  connection: Ssh2Connection,
  start: Start<T>,
  options: CallOptions & {
    readonly tried: string;
    readonly late: (channel: T, link: SshLink) => Promise<void> | void;
  },
): Promise<Result<OpenedSession<T>, ShellFault | 'timed_out' | 'aborted'>> {
  const { signal, tried, late } = options;
  for (;;) {
    const taken = await connection.session(options);
    if (taken.isErr()) return err(taken.error);
    const { link, release, refused } = taken.value;
    const opening = requestSession(link, start);
    const opened = await bounded(opening, { ms: connection.timing.startMs, signal });
    if (opened === 'aborted' || opened === 'timed_out') {
      void opening.then((end) => (end.isOk() ? late(end.value, link) : undefined)).finally(release);
      return err(opened);
    }
    if (opened.isOk()) return ok({ link, channel: opened.value, release });
    if (isTooMany(opened.error) && refused()) continue;
    release();
    return err(faultOfLink(opened.error, { host: connection.host, tried }));
  }
}

/**
 * Asks for a session channel. sshd reads several messages before it frees the sessions that they close, so that a new session
 * can be one too many for a moment although an old one was given back: the question is then repeated, for a second in all.
 */
export async function requestSession<T>(link: SshLink, start: Start<T>): Promise<Result<T, LinkFault>> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await link.request<T>(start);
    const full = answer.isErr() && isTooMany(answer.error);
    if (!full || attempt === TRIES) return answer;
    await delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
  }
}

function isTooMany({ reason }: LinkFault): boolean {
  return TOO_MANY.includes(reason ?? 0);
}
