import { err, ok, type Result } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { memoryMember } from '../../../../src/adapters/memory/memory-incus/memory-cluster.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { HostMember } from '../../../../src/application/cluster/host-member.js';
import { MemberDeath } from '../../../../src/application/cluster/member-death.js';
import { Members } from '../../../../src/application/cluster/members.js';
import { overlay } from '../../../../src/application/cluster/overlay.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import type { IncusApi } from '../../../../src/index.js';
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

describe('MemberDeath', () => {
  const signal = new AbortController().signal;
  /** Says of m2 what stands in turn, the last again and again; of m1 that it is online. */
  const death = (said: readonly string[], { other = 'Online', askers = 1 } = {}) => {
    const clock = new MemoryClock(0, { skipUpToMs: 5_000 });
    let looks = 0;
    const incus = new MemoryIncus();
    const clusterMembers = async () => {
      const status = said[Math.min(looks, said.length - 1)] ?? '';
      looks += 1;
      const m2 = status === '' ? [] : [memoryMember('m2', { status })];
      return ok([memoryMember('m1', { status: other }), ...m2]);
    };
    const others = () => Array.from({ length: askers }, () => overlay<IncusApi>(incus, { clusterMembers }));
    return { clock, death: new MemberDeath({ clock, name: async () => 'm2', others }), looks: () => looks };
  };
  const DEAD = {
    message:
      'the member m2 of the cluster has died: it cannot be reached, and is offline for the other members',
    isDead: true,
  };

  it('has died when the others say so twice, ten seconds apart', async () => {
    const { death: of, clock } = death(['Offline']);
    expect(await of.why(0, signal)).toBeNull();
    expect(await of.why(60_000, signal)).toEqual(DEAD);
    expect(clock.monotonic()).toBe(10_000);
    expect(await of.why(0, signal)).toEqual(DEAD);
    expect(await death(['']).death.why(60_000, signal)).toEqual(DEAD);
  });

  it('has not while one says that it is there, while all are called offline, or where nobody can be asked', async () => {
    const back = death(['Offline', 'Online', 'Offline']);
    expect(await back.death.why(60_000, signal)).toBeNull();
    expect(back.looks()).toBe(2);
    expect(await back.death.why(5_000, signal)).toBeNull();
    const all = death(['Offline'], { other: 'Offline' });
    expect(await all.death.why(30_000, signal)).toBeNull();
    expect(await death(['Offline'], { askers: 0 }).death.why(30_000, signal)).toBeNull();
  });

  it('says so of one that was evacuated, at once', async () => {
    expect(await death(['Evacuated']).death.why(0, signal)).toEqual({
      message: 'the member m2 of the cluster was evacuated, which ends the machines on it',
      isDead: false,
    });
  });
});
