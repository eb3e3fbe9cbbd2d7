import { err, ok, type Result } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { HostMember } from '../../../../src/application/cluster/host-member.js';
import { Members } from '../../../../src/application/cluster/members.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import { mustFail } from '../../../../src/testing/contract/expect-result.js';

const M2 = { name: 'm2', url: 'https://m2:8443' };

/** Connections that are made when they are let go, and given up when their signal fires. */
function members() {
  const incus = new MemoryIncus();
  const made: ((end: Result<string, JobFault>) => void)[] = [];
  const connect = (_: unknown, signal: AbortSignal) =>
    new Promise<Result<string, JobFault>>((resolve) => {
      made.push(resolve);
      const message = 'cancelled';
      signal.addEventListener('abort', () =>
        resolve(err({ kind: 'cancelled', phase: null, host: 'm2', message })),
      );
    });
  const host = new HostMember({ incus, shell: { host: 'h' } as never, configured: 'm1', isOwnDaemon: true });
  return {
    made,
    members: new Members<string>({ incus, host, incusProject: 'p', clock: new MemoryClock(0), connect }),
  };
}

describe('Members', () => {
  it('connects once for all who ask at one moment, whichever of them is cancelled', async () => {
    const { made, members: all } = members();
    const first = new AbortController();
    const one = all.on(M2, first.signal);
    const two = all.on(M2, new AbortController().signal);
    first.abort();
    expect(mustFail(await one, 'cancelled').message).toBe(
      'cancelled while the member m2 of the cluster was being reached',
    );
    made[0]?.(ok('there'));
    expect(await two).toEqual(ok('there'));
    expect(await all.on(M2, new AbortController().signal)).toEqual(ok('there'));
    expect(made.length).toBe(1);
    expect(await all.connected()).toEqual(['there']);
  });

  it('gives a connection up when nobody waits for it any more, and makes it anew for the next', async () => {
    const { made, members: all } = members();
    const stop = new AbortController();
    const both = [all.on(M2, stop.signal), all.on(M2, stop.signal)];
    stop.abort();
    for (const one of both) mustFail(await one, 'cancelled');
    const next = all.on(M2, new AbortController().signal);
    expect(made.length).toBe(2);
    made[1]?.(ok('there'));
    expect(await next).toEqual(ok('there'));
  });
});
