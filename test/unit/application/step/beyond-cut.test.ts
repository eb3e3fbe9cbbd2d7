import { err, ok } from 'neverthrow';
import { expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { GuestLog } from '../../../../src/application/log/guest-log.js';
import { type AwaitStepInput, awaitStep } from '../../../../src/application/step/await-step.js';
import type { FollowStream, Guest } from '../../../../src/application/supervisor/guest.js';
import { jobStateLayout } from '../../../../src/domain/records/run-layout.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { passed } from './scripted-guest.js';

const state = jobStateLayout('/state', 'run', 'job');
const TERABYTE = 2 ** 40;

/** A log without an end in sight, as of a sparse file: it ends when it is left. */
function endless(): FollowStream {
  let isLeft = false;
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = () => {
      isLeft = true;
      resolve();
    };
  });
  return {
    log: (async function* () {
      while (!isLeft) {
        await new Promise((resolve) => setImmediate(resolve));
        yield Buffer.alloc(1000);
      }
    })(),
    end: left.then(() => err({ kind: 'aborted', message: 'left' })),
    [Symbol.asyncDispose]: async () => leave(),
  };
}

async function logOf(clock: MemoryClock, files: MemoryFileStore) {
  must(await files.makeDirectory(state.jobDir));
  const input = { files, clock, state, secrets: [], maxBytes: 2500 };
  return must(await GuestLog.open({ ...input, isOurs: async () => true, onKept: () => {} }));
}

it.each(['the one that runs it', 'one that takes it up'])(
  'a step that has ended is waited for no longer than its log is kept, by %s',
  async (who) => {
    const [clock, files] = [new MemoryClock(undefined, { skipUpToMs: 10_000 }), new MemoryFileStore()];
    let log = await logOf(clock, files);
    if (who !== 'the one that runs it') {
      must(await log.take(Buffer.alloc(3000)));
      must(await log.pause());
      await log[Symbol.asyncDispose]();
      log = await logOf(clock, files);
      expect(log.isCut).toBe(true);
    }
    let asked = 0;
    const status = () => {
      asked += 1;
      const running = { ...passed(0), state: 'running', result: null } as const;
      return Promise.resolve(ok(asked < 3 ? running : passed(TERABYTE)));
    };
    const guest = { description: 'a guest', follow: async () => ok(endless()), status };
    const input: AwaitStepInput = {
      guest: guest as unknown as Guest,
      log,
      journal: { emit: () => {}, drained: async () => {} },
      clock,
      reconnectMs: 60_000,
      boundMs: 7 * 24 * 3600_000,
      graceSecs: 10,
      first: undefined,
      restart: undefined,
      onAbort: 'cancel',
      signal: undefined,
      superseded: new AbortController().signal,
      names: { step: 'job', attach: 'pikaci attach' },
    };
    expect(must(await awaitStep(input))).toEqual({ kind: 'finished', status: passed(TERABYTE) });
    expect([asked, log.kept, log.received, log.isCut]).toEqual([3, 2500, TERABYTE, true]);
    must(await log.finish());
    await log[Symbol.asyncDispose]();
    const position = JSON.parse(Buffer.from(must(await files.readFile(state.guestLogPosition))).toString());
    expect(position).toMatchObject({ guest_bytes: TERABYTE, kept_bytes: 2500, cut: true });
  },
);
