import { setTimeout as delay } from 'node:timers/promises';
import type { Result } from 'neverthrow';
import type { Client } from 'ssh2';
import type { LinkFault, SshLink } from './link.js';

/** SSH_OPEN_CONNECT_FAILED and SSH_OPEN_RESOURCE_SHORTAGE (RFC 4254, 5.1): what sshd says above MaxSessions. */
const TOO_MANY = [2, 4];
const FIRST_DELAY_MS = 2;
const TRIES = 9;

/**
 * Asks for a session channel. sshd reads several messages before it frees the sessions that they close, so that a new session
 * can be one too many for a moment although an old one was given back: the question is then repeated, for a second in all.
 */
export async function requestSession<T>(
  link: SshLink,
  start: (client: Client, answer: (error: Error | undefined | null, value: T) => void) => void,
): Promise<Result<T, LinkFault>> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await link.request<T>(start);
    const full = answer.isErr() && TOO_MANY.includes(answer.error.reason ?? 0);
    if (!full || attempt === TRIES) return answer;
    await delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
  }
}
