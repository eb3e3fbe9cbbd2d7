import type { OutputChunk } from '../../ports/output-chunk.js';
import { awakeTimer } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';
import type { ChannelTap } from './channel-tap.js';
import type { SshLink } from './link.js';
import { StartHeader } from './start-header.js';

type Started =
  | { readonly pid: number }
  | { readonly problem: 'connection_lost' | 'spawn_failed' | 'aborted'; readonly message: string };

/** The host sends no more than its window before somebody reads; a login shell that talks without end is not waited for. */
const MAX_EARLY_STDERR = 64 * 1024;

/** Waits for the start script's line on a new channel. What came beside it stays in the tap. */
export function awaitStart(wait: {
  readonly link: SshLink;
  readonly tap: ChannelTap;
  readonly token: string;
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
}): Promise<Started> {
  const { link, tap, token, ms, signal } = wait;
  return new Promise((resolve) => {
    const header = new StartHeader(token);
    let early: Buffer = Buffer.alloc(0);
    let settled = false;
    const cleanUps: (() => void)[] = [];
    const settle = (started: Started, unread: readonly OutputChunk[] = []) => {
      if (settled) return;
      settled = true;
      for (const cleanUp of cleanUps) cleanUp();
      tap.detach(unread.filter((chunk) => chunk.data.length > 0));
      resolve(started);
    };
    cleanUps.push(
      awakeTimer(ms, () =>
        settle({ problem: 'spawn_failed', message: `the command did not start within ${ms} ms` }),
      ),
    );
    tap.attach({
      data: ({ stream, data }) => {
        if (stream === 'stderr') {
          // Kept: the command's first words may overtake the line on standard output.
          early = Buffer.concat([early, data]).subarray(-MAX_EARLY_STDERR);
          return;
        }
        const found = header.feed(data);
        if (found === null) return;
        if ('refused' in found.start)
          settle({ problem: 'spawn_failed', message: 'no such working directory' });
        else {
          settle({ pid: found.start.pid }, [
            { stream: 'stderr', data: early },
            { stream: 'stdout', data: found.rest },
          ]);
        }
      },
      changed: () => {
        if (!tap.closed || !tap.ended('stderr')) return;
        const output = early.toString('utf8').trim().slice(-2_000);
        settle({
          problem: 'spawn_failed',
          message: output || 'the login shell ended without starting the command',
        });
      },
    });
    if (settled) return;
    cleanUps.push(link.onLost((message) => settle({ problem: 'connection_lost', message })));
    cleanUps.push(
      onAbort(signal, () =>
        settle({ problem: 'aborted', message: 'cancelled while the command was being started' }),
      ),
    );
  });
}
