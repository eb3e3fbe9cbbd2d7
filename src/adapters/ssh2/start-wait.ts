import type { ClientChannel } from 'ssh2';
import type { OutputChunk } from '../../ports/output-chunk.js';
import type { SshLink } from './link.js';
import { StartHeader } from './start-header.js';

type Started =
  | { readonly pid: number; readonly head: readonly OutputChunk[] }
  | { readonly problem: 'connection_lost' | 'spawn_failed' | 'aborted'; readonly message: string };

const MAX_EARLY_STDERR = 64 * 1024;

/** Waits for the start script's line on a new channel and leaves the channel paused behind it. */
export function awaitStart(wait: {
  readonly link: SshLink;
  readonly channel: ClientChannel;
  readonly token: string;
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
}): Promise<Started> {
  const { link, channel, token, ms, signal } = wait;
  return new Promise((resolve) => {
    const header = new StartHeader(token);
    let early: Buffer = Buffer.alloc(0);
    let forget = () => {};
    const onData = (data: Buffer) => {
      const found = header.feed(data);
      if (found === null) return;
      if ('refused' in found.start) settle({ problem: 'spawn_failed', message: 'no such working directory' });
      else {
        settle({
          pid: found.start.pid,
          head: [
            { stream: 'stderr' as const, data: early },
            { stream: 'stdout' as const, data: found.rest },
          ].filter((chunk) => chunk.data.length > 0),
        });
      }
    };
    const onStderr = (data: Buffer) => {
      // Kept: the command's first words may overtake the line on standard output.
      early = Buffer.concat([early, data]).subarray(-MAX_EARLY_STDERR);
    };
    const onClose = () =>
      settle({
        problem: 'spawn_failed',
        message:
          early.toString('utf8').trim().slice(-2_000) || 'the login shell ended without starting the command',
      });
    const onAbort = () =>
      settle({ problem: 'aborted', message: 'cancelled while the command was being started' });
    const settle = (started: Started) => {
      clearTimeout(timer);
      forget();
      signal?.removeEventListener('abort', onAbort);
      channel.pause();
      channel.removeListener('data', onData);
      channel.removeListener('close', onClose);
      channel.stderr.pause();
      channel.stderr.removeListener('data', onStderr);
      resolve(started);
    };
    const timer = setTimeout(
      () => settle({ problem: 'spawn_failed', message: `the command did not start within ${ms} ms` }),
      ms,
    );
    forget = link.onLost((message) => settle({ problem: 'connection_lost', message }));
    signal?.addEventListener('abort', onAbort, { once: true });
    channel.on('data', onData);
    channel.on('close', onClose);
    channel.stderr.on('data', onStderr);
    if (signal?.aborted) onAbort();
  });
}
