import fc from 'fast-check';
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { GuestLog } from '../../../../src/application/log/guest-log.js';
import { type FollowInput, followStep } from '../../../../src/application/step/follow-step.js';
import { jobStateLayout } from '../../../../src/domain/records/run-layout.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type Attempt, passed, ScriptedGuest } from './scripted-guest.js';

const state = jobStateLayout('/state', 'run', 'job');
const MINUTE = 60_000;

async function following(text: string, attempts: Attempt[], more: Partial<FollowInput> = {}) {
  const files = new MemoryFileStore();
  const clock = new MemoryClock(undefined, { skipUpToMs: 10_000 });
  must(await files.makeDirectory(state.jobDir));
  let kept = '';
  const onKept = (data: Uint8Array) => {
    kept += Buffer.from(data).toString();
  };
  const log = must(
    await GuestLog.open({
      files,
      clock,
      state,
      secrets: [],
      maxBytes: 1e6,
      isOurs: async () => true,
      onKept,
    }),
  );
  const guest = new ScriptedGuest(Buffer.from(text), attempts);
  const told: string[] = [];
  const begun = clock.now();
  const follow = () =>
    followStep({
      guest,
      log,
      clock,
      reconnectMs: 5 * MINUTE,
      signal: new AbortController().signal,
      drained: async () => {},
      onLost: () => told.push('lost'),
      onResumed: () => told.push('resumed'),
      ...more,
    });
  return { guest, follow, told, files, clock, kept: () => kept, waited: () => clock.now() - begun };
}

const times = (count: number, attempt: Attempt) => Array.from({ length: count }, () => attempt);

describe('following a job', () => {
  it('brings every byte once, wherever and however often the connection breaks', async () => {
    const attempt: fc.Arbitrary<Attempt> = fc.oneof(
      fc.record({
        kind: fc.constant('brings' as const),
        bytes: fc.integer({ min: 1, max: 9 }),
        ends: fc.constantFrom('connection_lost' as const, 'running' as const, 'refused' as const),
      }),
      fc.constant({ kind: 'refuses' as const, fault: 'connection_lost' as const }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 60 }),
        fc.array(attempt, { maxLength: 20 }),
        async (text, attempts) => {
          const { follow, kept, guest } = await following(text, attempts, { reconnectMs: 24 * 60 * MINUTE });
          const end = must(await follow());
          const bytes = Buffer.byteLength(text);
          // Only a guest that again and again brings nothing is given up.
          if (end.kind === 'lost') {
            expect(guest.offsets.at(-1)).toBe(bytes);
            return;
          }
          expect(end).toEqual({ kind: 'finished', status: passed(bytes) });
          expect(kept()).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('goes on from the next byte, and says that it was lost and resumed', async () => {
    const { follow, guest, told } = await following('0123456789', [
      { kind: 'brings', bytes: 4, ends: 'connection_lost' },
      { kind: 'refuses', fault: 'connection_lost' },
    ]);
    must(await follow());
    expect(guest.offsets).toEqual([0, 4, 4]);
    expect(told).toEqual(['lost', 'resumed']);
  });

  it('does not end while bytes that were announced are missing', async () => {
    const { follow, guest, kept } = await following('0123456789', [
      { kind: 'brings', bytes: 4, ends: 'finished' },
    ]);
    expect(must(await follow()).kind).toBe('finished');
    expect(guest.offsets).toEqual([0, 4]);
    expect(kept()).toBe('0123456789');
  });

  it('gives a guest up that answers five times as no supervisor does', async () => {
    const { follow, guest } = await following('x', times(9, { kind: 'refuses', fault: 'refused' }));
    expect(must(await follow())).toMatchObject({ kind: 'lost' });
    expect(guest.offsets).toHaveLength(5);
  });

  it('is over when the machine is gone, or its supervisor', async () => {
    const gone = await following('x', [{ kind: 'refuses', fault: 'gone' }]);
    expect(must(await gone.follow())).toEqual({ kind: 'lost', message: 'gone' });
    const lost = await following('x', [{ kind: 'brings', bytes: 1, ends: 'lost' }]);
    expect(must(await lost.follow())).toMatchObject({ kind: 'lost' });
  });

  it('starts a job again that never began, and no other', async () => {
    const absent: Attempt = { kind: 'brings', bytes: 0, ends: 'absent' };
    let restarts = 0;
    const again = await following('01', [absent], {
      restart: async () => {
        restarts++;
        return again.guest.start();
      },
    });
    expect(must(await again.follow()).kind).toBe('finished');
    expect(again.guest.offsets).toEqual([0, 0]);

    const begun = await following('01', [{ kind: 'brings', bytes: 1, ends: 'connection_lost' }, absent], {
      restart: async () => {
        restarts++;
        return err({ kind: 'refused', message: 'no' });
      },
    });
    expect(must(await begun.follow())).toEqual({
      kind: 'lost',
      message: 'the guest has no record of the job',
    });
    expect(restarts).toBe(1);
  });

  it.each(['setup', 'invalid_request'] as const)(
    'says why a job could not begin (%s), where the supervisor could not record it',
    async (refusal) => {
      const refused: Attempt = { kind: 'is refused', refusal };
      const absent: Attempt = { kind: 'brings', bytes: 0, ends: 'absent' };
      const { follow, guest } = await following('', [refused, ...times(9, absent)], {
        restart: async () => {
          guest.attempts.unshift(refused);
          return guest.start();
        },
      });
      const notBegun = { kind: 'not_begun', cause: refusal, message: 'the reason' };
      expect(must(await follow())).toEqual(notBegun);

      const gone = await following('', [refused, { kind: 'brings', bytes: 0, ends: 'lost' }]);
      expect(must(await gone.follow())).toEqual(notBegun);
    },
  );

  it('takes no word of a refusal once the job has begun', async () => {
    const refused: Attempt = { kind: 'is refused', refusal: 'setup' };
    const { follow } = await following('01', [
      { kind: 'brings', bytes: 1, ends: 'connection_lost' },
      refused,
      { kind: 'brings', bytes: 0, ends: 'lost' },
    ]);
    expect(must(await follow())).toMatchObject({ kind: 'lost' });
  });

  it('starts a job in a machine that is only being started, however often that has to be tried', async () => {
    const absent: Attempt = { kind: 'brings', bytes: 0, ends: 'absent' };
    let restarts = 0;
    const again = await following('01', times(9, absent), {
      restart: async () => {
        restarts++;
        return restarts < 9 ? err({ kind: 'not_running', message: 'not yet' }) : again.guest.start();
      },
    });
    expect(must(await again.follow()).kind).toBe('finished');
    expect(restarts).toBe(9);
  });

  it('waits a minute for a machine that does not run, and no longer', async () => {
    const soon = await following('x', times(20, { kind: 'refuses', fault: 'not_running' }));
    expect(must(await soon.follow()).kind).toBe('finished');
    const never = await following('x', times(2000, { kind: 'refuses', fault: 'not_running' }));
    expect(must(await never.follow())).toEqual({ kind: 'lost', message: 'not_running' });
  });

  it('ends the attempts to start it after the third', async () => {
    let restarts = 0;
    const { follow } = await following('', times(9, { kind: 'brings', bytes: 0, ends: 'absent' }), {
      restart: async () => {
        restarts++;
        return err({ kind: 'refused', message: 'again' });
      },
    });
    expect(must(await follow()).kind).toBe('lost');
    expect(restarts).toBe(3);
  });

  it('ends as unreachable when the host does not come back within the bound', async () => {
    const { follow, waited } = await following(
      'x',
      times(999, { kind: 'refuses', fault: 'connection_lost' }),
    );
    expect(must(await follow())).toMatchObject({ kind: 'unreachable' });
    expect(waited()).toBeGreaterThan(5 * MINUTE);
    expect(waited()).toBeLessThan(5 * MINUTE + 10_000);
  });

  it('ends as lost as soon as others know that the host has died, and asks nobody about a short outage', async () => {
    const asked: number[] = [];
    const whyGone = async (patienceMs: number) => {
      asked.push(patienceMs);
      return asked.length < 3 ? null : { message: 'the member m2 has died', isDead: true };
    };
    const refuses: Attempt = { kind: 'refuses', fault: 'connection_lost' };
    const dead = await following('x', times(999, refuses), { whyGone });
    expect(must(await dead.follow())).toEqual({ kind: 'lost', message: 'the member m2 has died' });
    expect(dead.waited()).toBeLessThan(MINUTE);
    expect(asked).toEqual([12_000, 12_000, 12_000]);
    asked.length = 0;
    const short = await following(
      'xy',
      [
        { kind: 'brings', bytes: 1, ends: 'connection_lost' },
        refuses,
        { kind: 'brings', bytes: 1, ends: 'passed' } as never,
      ],
      { whyGone },
    );
    await short.follow();
    expect(asked).toEqual([]);
    // Whoever gives up sooner asks once more, and waits for the answer.
    const soon = await following('x', times(99, refuses), { whyGone, reconnectMs: 1000 });
    expect(must(await soon.follow()).kind).toBe('unreachable');
    expect(asked).toEqual([60_000]);
  });

  it('ends as unreachable also when every connection opens and breaks at once', async () => {
    const breaks: Attempt = { kind: 'brings', bytes: 0, ends: 'connection_lost' };
    const { follow, waited } = await following('x', times(9999, breaks));
    expect(must(await follow())).toMatchObject({ kind: 'unreachable' });
    expect(waited()).toBeLessThan(5 * MINUTE + 10_000);
  });

  it('is left at once when the signal fires, also in the middle of a silence', async () => {
    const stop = new AbortController();
    const { follow, guest } = await following('x', [{ kind: 'stalls' }], { signal: stop.signal });
    guest.onStall = () => stop.abort();
    expect(must(await follow())).toEqual({ kind: 'aborted' });
  });

  it('is left when the signal fires while a reader does not drain', async () => {
    const stop = new AbortController();
    const { follow } = await following('xy', [], {
      signal: stop.signal,
      drained: () => {
        stop.abort();
        return new Promise(() => {});
      },
    });
    expect(must(await follow())).toEqual({ kind: 'aborted' });
  });

  it('ends with a fault when the log cannot be written', async () => {
    const { follow, files } = await following('x', []);
    files.limit(state.guestLog, 0);
    mustFail(await follow(), 'no_space');
  });

  for (const fault of ['connection_lost', 'not_running'] as const)
    it(`is asked for once more when this runner was stopped during an attempt that ended with ${fault}`, async () => {
      const run = await following('text', [
        { kind: 'refuses', fault },
        { kind: 'refuses', fault },
      ]);
      const follow = run.guest.follow.bind(run.guest);
      run.guest.follow = async (offset) => {
        if (run.guest.offsets.length === 1) await run.clock.advance(60 * MINUTE);
        return follow(offset);
      };
      expect(must(await run.follow())).toMatchObject({ kind: 'finished' });
      expect(run.kept()).toBe('text');
    });
});
