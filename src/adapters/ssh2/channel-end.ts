import type { Channel } from 'ssh2';

/**
 * Whether the host itself ended its side of a channel. ssh2 emits `end` for that and for a dead connection alike; only the
 * channel's state, which its types do not show, tells them apart, and only as long as ssh2 has not cleaned up: ask when the link
 * is lost, in `SshLink.onLost`, which comes first. A version of ssh2 without that state makes every loss count as one.
 */
export function endedByHost(channel: Channel): boolean {
  const state = (channel as { incoming?: { state?: unknown } }).incoming?.state;
  return state === 'eof' || state === 'closed';
}
