import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RestIncusApi } from '../../../src/adapters/incus/rest-incus-api.js';
import { SystemClock } from '../../../src/adapters/node/system-clock.js';
import { awakeTimer } from '../../../src/streams/awake-timer.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { unixDialer } from '../../support/unix-dialer.js';

afterEach(() => vi.useRealTimers());

describe('a bound of a process’s own time', () => {
  it.each([1, 10, 800, 30_000, 1_800_000])('of %d ms is over then, and not before', (ms) => {
    vi.useFakeTimers();
    const fired = vi.fn();
    awakeTimer(ms, fired);
    vi.advanceTimersByTime(ms - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  it('does nothing once it is taken back', () => {
    vi.useFakeTimers();
    const fired = vi.fn();
    const takeBack = awakeTimer(1_000, fired);
    vi.advanceTimersByTime(500);
    takeBack();
    vi.advanceTimersByTime(10_000);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts little of a stop, and ends all the same on a machine that is late at everything', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const fired = vi.fn();
    awakeTimer(800, fired);
    let rounds = 0;
    for (; fired.mock.calls.length === 0 && rounds < 100; rounds++) {
      now += 60_000;
      vi.advanceTimersToNextTimer();
    }
    clock.mockRestore();
    // Eight slices, and three times the last one.
    expect(rounds).toBe(8 + 3);
  });

  it('leaves an answer its turn where a clock counts it', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'answer');
    await writeFile(file, 'yes');
    const clock = new SystemClock();
    const taken = new AbortController();
    const first = Promise.race([readFile(file, 'utf8'), clock.bound(400, taken.signal)]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    expect(await first).toBe('yes');
    taken.abort();
  });

  it('leaves an answer its turn that came while the process was stopped', async () => {
    await using directory = await temporaryDirectory();
    const socket = join(directory.path, 'daemon');
    const script = join(directory.path, 'daemon.cjs');
    await writeFile(script, DAEMON);
    const daemon = fork(script, [socket]);
    try {
      await once(daemon, 'message');
      await using api = new RestIncusApi({
        dialer: unixDialer(socket),
        host: 'test',
        requestTimeoutMs: STOPPED_MS / 4,
      });
      const answer = api.server();
      await once(daemon, 'message');
      // As a stop does it: nothing of this process runs, and the answer comes meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOPPED_MS);
      expect(must(await answer)).toMatchObject({ auth: 'trusted' });
    } finally {
      daemon.kill();
    }
  });
});

const STOPPED_MS = 1_600;
/** Says when it has a request, and answers a moment later. */
const DAEMON = `
const body = JSON.stringify({ type: 'sync', status: 'Success', status_code: 200, metadata: ${JSON.stringify({
  auth: 'trusted',
  api_extensions: [],
  api_version: '1.0',
  config: {},
  environment: { server_version: '6.0.4', server: 'incus' },
})} });
require('node:http').createServer((request, response) => {
  process.send('asked');
  setTimeout(() => response.end(body), 50);
}).listen(process.argv[2], () => process.send('listens'));
`;
