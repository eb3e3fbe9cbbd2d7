import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { GuestLog } from '../../../../src/application/log/guest-log.js';
import { jobStateLayout } from '../../../../src/domain/records/run-layout.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const state = jobStateLayout('/state', 'run', 'job');
const SECRETS = ['hunter2', 'hunter2hunter3'];

class Runner {
  readonly files = new MemoryFileStore();
  readonly clock = new MemoryClock();
  kept = '';
  isOurs = true;

  static async make(): Promise<Runner> {
    const runner = new Runner();
    must(await runner.files.makeDirectory(state.jobDir));
    return runner;
  }

  open(maxBytes = 1_000_000, onCut: (kept: number) => void = () => {}) {
    const onKept = (data: Uint8Array) => {
      this.kept += Buffer.from(data).toString();
    };
    const { files, clock } = this;
    const isOurs = async () => this.isOurs;
    return GuestLog.open({ files, clock, state, secrets: SECRETS, maxBytes, isOurs, onKept, onCut });
  }

  async text(): Promise<string> {
    return Buffer.from(must(await this.files.readFile(state.guestLog))).toString();
  }

  async position(): Promise<{ guest_bytes: number; kept_bytes: number } | null> {
    const bytes = await this.files.readFile(state.guestLogPosition);
    return bytes.isOk() ? JSON.parse(Buffer.from(bytes.value).toString()) : null;
  }
}

const GUEST = fc
  .array(fc.constantFrom('hunter2', 'hunter3', 'hun', 'line\n', 'x', '€'), { maxLength: 40 })
  .map((words) => Buffer.from(words.join('')));

async function take(log: GuestLog, guest: Buffer, sizes: readonly number[], until = guest.length) {
  for (let i = 0; log.received < until; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    must(await log.take(guest.subarray(log.received, Math.min(until, log.received + size))));
  }
}

describe("the runner's copy of a log", () => {
  it('is the masked log, with a position that stands for it', async () => {
    const runner = await Runner.make();
    await using log = must(await runner.open());
    must(await log.take(Buffer.from('a hunt')));
    expect(await runner.text()).toBe('a ');
    must(await log.take(Buffer.from('er2 b')));
    must(await log.finish());
    expect(await runner.text()).toBe('a *** b');
    expect(runner.kept).toBe('a *** b');
    expect(await runner.position()).toMatchObject({ guest_bytes: 11, kept_bytes: 7 });
  });

  it('gets nothing of a runner that was stopped between its look at the lock and its write', async () => {
    const runner = await Runner.make();
    const { files, clock } = runner;
    let awake = () => {};
    let asleep: Promise<void> = Promise.resolve();
    const isOurs = () => asleep.then(() => true);
    const common = { files, clock, state, secrets: SECRETS, maxBytes: 1_000, onKept: () => {} };
    await using stopped = must(await GuestLog.open({ ...common, isOurs }));
    must(await stopped.take(Buffer.from('first\n')));
    must(await stopped.pause());
    asleep = new Promise((resolve) => {
      awake = resolve;
    });
    const late = stopped.take(Buffer.from('second\n'));
    await using next = must(await runner.open());
    must(await next.take(Buffer.from('second\n')));
    awake();
    must(await late);
    must(await next.take(Buffer.from('third\n')));
    must(await next.finish());
    expect(await runner.text()).toBe('first\nsecond\nthird\n');
  });

  it('is cut where it is when there is no room for a copy', async () => {
    const runner = await Runner.make();
    const log = must(await runner.open());
    must(await log.take(Buffer.from('first\n')));
    must(await log.pause());
    must(await log.take(Buffer.from('read again\n')));
    await log[Symbol.asyncDispose]();
    runner.files.failNext('write', 'no_space', state.guestLog);
    await using next = must(await runner.open());
    expect(next.received).toBe(6);
    expect(await runner.text()).toBe('first\n');
  });

  it('holds the beginning of a secret back from the position when it is left to somebody else', async () => {
    const runner = await Runner.make();
    const log = must(await runner.open());
    must(await log.take(Buffer.from('a hunter')));
    must(await log.pause());
    await log[Symbol.asyncDispose]();
    expect(await runner.position()).toMatchObject({ guest_bytes: 2, kept_bytes: 2 });
    await using next = must(await runner.open());
    expect(next.received).toBe(2);
    must(await next.take(Buffer.from('hunter2')));
    must(await next.finish());
    expect(await runner.text()).toBe('a ***');
  });

  it('is, after kills at any moments, what it would be without them', async () => {
    await fc.assert(
      fc.asyncProperty(
        GUEST,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.record({ at: fc.nat(), ms: fc.nat(1500), roll: fc.nat(), tear: fc.boolean() }), {
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 200 }),
        async (guest, sizes, kills, maxBytes) => {
          const undisturbed = await Runner.make();
          const whole = must(await undisturbed.open(maxBytes));
          await take(whole, guest, sizes);
          must(await whole.finish());

          const runner = await Runner.make();
          for (const { at, ms, roll, tear } of kills) {
            const log = must(await runner.open(maxBytes));
            const until = Math.min(guest.length, log.received + (at % (guest.length + 1)));
            const before = await runner.position();
            await take(log, guest, sizes, until - Math.floor((until - log.received) / 2));
            await runner.clock.advance(ms);
            await take(log, guest, sizes, until);
            // Killed: nothing is finished. What the disk has of the log may end anywhere from what the position on it says.
            const position = (await runner.position()) ?? before;
            const text = await runner.text();
            const least = tear ? 0 : Math.min(position?.kept_bytes ?? 0, text.length);
            const size = least + (roll % (text.length - least + 1));
            must(await runner.files.truncate(state.guestLog, size));
          }
          await using log = must(await runner.open(maxBytes));
          await take(log, guest, sizes);
          must(await log.finish());
          expect(log.received).toBe(guest.length);
          expect(await runner.text()).toBe(await undisturbed.text());
          expect(log.kept).toBe(whole.kept);
        },
      ),
      { numRuns: 300 },
    );
  });

  for (const damaged of ['', '{', '{"schema_version":1,"guest_bytes":-1,"kept_bytes":0}', '[]']) {
    it(`begins anew when its position is ${JSON.stringify(damaged)}`, async () => {
      const runner = await Runner.make();
      must(await runner.files.writeFile(state.guestLog, Buffer.from('something')));
      must(await runner.files.writeFile(state.guestLogPosition, Buffer.from(damaged)));
      await using log = must(await runner.open());
      expect(log.received).toBe(0);
      expect(await runner.text()).toBe('');
    });
  }

  it('stops growing at its cap, and goes on counting', async () => {
    const runner = await Runner.make();
    await using log = must(await runner.open(5));
    must(await log.take(Buffer.from('1234567')));
    must(await log.take(Buffer.from('89')));
    must(await log.finish());
    expect(await runner.text()).toBe('12345');
    expect([log.received, log.kept]).toEqual([9, 5]);
  });

  it.each([
    ['in one piece', [7]],
    ['byte by byte', [1]],
    ['in the middle of a character', [3, 1]],
  ])('is cut between characters, once, and says where: %s', async (_how, sizes) => {
    const runner = await Runner.make();
    const cuts: number[] = [];
    await using log = must(await runner.open(5, (kept) => cuts.push(kept)));
    await take(log, Buffer.from('ab€€xyz'), sizes);
    must(await log.finish());
    // What would fit behind the cut does not come after it.
    expect(await runner.text()).toBe('ab€');
    expect([log.kept, log.isCut, cuts]).toEqual([5, true, [5]]);
    const odd = await Runner.make();
    await using other = must(await odd.open(4));
    await take(other, Buffer.from('ab€xyz'), sizes);
    must(await other.finish());
    expect([await odd.text(), other.kept, other.isCut, other.keptAt(6)]).toEqual(['ab', 2, true, 2]);
  });

  it('is not cut when the guest wrote just as much as there is room for', async () => {
    const runner = await Runner.make();
    await using log = must(await runner.open(5));
    await take(log, Buffer.from('ab€'), [1]);
    must(await log.finish());
    expect([await runner.text(), log.isCut]).toEqual(['ab€', false]);
    expect(await runner.position()).not.toHaveProperty('cut');
  });

  it('stays cut for whoever takes it up, also with room for more: it has no hole', async () => {
    const runner = await Runner.make();
    const log = must(await runner.open(5));
    must(await log.take(Buffer.from('1234567')));
    must(await log.pause());
    await log[Symbol.asyncDispose]();
    await using next = must(await runner.open(100));
    expect([next.received, next.isCut]).toEqual([7, true]);
    must(await next.take(Buffer.from('89')));
    must(await next.finish());
    expect([await runner.text(), next.received]).toEqual(['12345', 9]);
  });

  it('says in its position that it is cut, also when one was being saved as it was cut and nothing comes after', async () => {
    const runner = await Runner.make();
    const log = must(await runner.open(5));
    await runner.clock.advance(1000);
    must(await log.take(Buffer.from('123')));
    must(await log.take(Buffer.from('45678')));
    // Nothing is finished or paused: the job goes on in silence.
    await log[Symbol.asyncDispose]();
    expect(await runner.position()).toMatchObject({ guest_bytes: 8, kept_bytes: 5, cut: true });
  });

  it('saves its position once a second while bytes come', async () => {
    const runner = await Runner.make();
    await using log = must(await runner.open());
    must(await log.take(Buffer.from('one')));
    expect(await runner.position()).toBeNull();
    await runner.clock.advance(1000);
    must(await log.take(Buffer.from('2nd\n')));
    must(await log.pause());
    expect(await runner.position()).toMatchObject({ guest_bytes: 7, kept_bytes: 7 });
  });

  it('stands where its disk was full, and whoever goes on leaves no hole', async () => {
    await fc.assert(
      fc.asyncProperty(
        GUEST,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.nat(60),
        fc.integer({ min: 1, max: 80 }),
        async (guest, sizes, limit, maxBytes) => {
          const undisturbed = await Runner.make();
          const whole = must(await undisturbed.open(maxBytes));
          await take(whole, guest, sizes);
          must(await whole.finish());

          const runner = await Runner.make();
          runner.files.limit(state.guestLog, limit);
          const log = must(await runner.open(maxBytes));
          for (let i = 0; log.received < guest.length; i++) {
            const piece = guest.subarray(log.received, log.received + (sizes[i % sizes.length] ?? 1));
            if ((await log.take(piece)).isErr()) break;
          }
          // What comes after a write that failed must not be taken for what was lost.
          const stood = log.received;
          const next = log.received < guest.length ? await log.take(guest.subarray(stood)) : null;
          if (next !== null) mustFail(next, 'no_space');
          expect(log.received).toBe(stood);
          await (next === null ? log.finish() : log.pause());
          await log[Symbol.asyncDispose]();
          runner.files.limit(state.guestLog);
          await using after = must(await runner.open(maxBytes));
          await take(after, guest, sizes);
          must(await after.finish());
          expect(await runner.text()).toBe(await undisturbed.text());
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is left alone, with its position, once it is another runner's", async () => {
    const runner = await Runner.make();
    await using log = must(await runner.open());
    must(await log.take(Buffer.from('ours a hunt')));
    must(await log.pause());
    const position = await runner.position();
    runner.isOurs = false;
    await runner.clock.advance(5000);
    must(await log.take(Buffer.from('er3 more')));
    must(await log.finish());
    must(await log.pause());
    expect(await runner.text()).toBe('ours a ');
    expect(runner.kept).toBe('ours a ');
    expect(await runner.position()).toEqual(position);
    expect(log.received).toBe('ours a hunt'.length);
  });

  it('says when it cannot be written', async () => {
    const runner = await Runner.make();
    must(await runner.files.makeDirectory(state.guestLog));
    mustFail(await runner.open(), 'io', 'is_a_directory');
  });
});
