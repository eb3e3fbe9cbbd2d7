import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { TAR_END, tarEntry } from '../../../../src/adapters/memory/memory-supervisor/memory-tar.js';
import { ArtifactGlobs } from '../../../../src/application/artifacts/artifact-globs.js';
import { collectArtifacts } from '../../../../src/application/artifacts/collect-artifacts.js';
import type { Guest, GuestCall } from '../../../../src/application/supervisor/guest.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import { onAbort } from '../../../../src/streams/on-abort.js';
import { archiveOf, DESTINATION, filesOf } from './archive-of.js';

const SILENCE_MS = 60_000;
const HURRIED_MS = 15_000;
const ABORTED = err({ kind: 'aborted', message: 'the command was cancelled' } as const);
const unplayed = () => Promise.reject(new Error('not played'));

const aborted = ({ signal }: GuestCall) => new Promise<void>((resolve) => onAbort(signal, resolve));

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Collects from a guest with two files, on a clock that stands still until it is moved. */
function collecting(played: Partial<Guest>, store: FileStore = new MemoryFileStore()) {
  const clock = new MemoryClock();
  const [ended, hurried] = [new AbortController(), new AbortController()];
  const file = (path: string) => ({ path, kind: 'file', size: 1 }) as const;
  const guest: Guest = {
    description: 'a guest',
    list: async () => ok({ files: [file('/artifacts/a'), file('/artifacts/b')], truncated: false }),
    pack: unplayed,
    start: unplayed,
    follow: unplayed,
    status: unplayed,
    cancel: unplayed,
    secrets: unplayed,
    forgetSecrets: unplayed,
    ...played,
  };
  const report = collectArtifacts(
    {
      guest,
      files: store,
      clock,
      selection: new ArtifactGlobs(['/artifacts/*']),
      caps: { fileBytes: 100, totalBytes: 1000, files: 9 },
      destination: DESTINATION,
    },
    { signal: ended.signal, hurry: hurried.signal },
  );
  return { clock, report, ended, hurried };
}

const MEMBER = tarEntry({ name: 'artifacts/a', content: Buffer.from('a') });
const OTHER = tarEntry({ name: 'artifacts/b', content: Buffer.from('b') });

/** One file comes as a whole, then nothing until the call is aborted. */
function silentPack() {
  const silent = gate();
  const pack: Guest['pack'] = async (_, call) => {
    const cut = async function* () {
      yield MEMBER;
      silent.open();
      await aborted(call);
    };
    return ok({
      bytes: cut(),
      end: aborted(call).then(() => ABORTED),
      [Symbol.asyncDispose]: async () => {},
    });
  };
  return { pack, silent: silent.opened };
}

describe('collecting from a guest that brings nothing any more', () => {
  it('ends a listing that never comes, and says why', async () => {
    const listing = gate();
    const list: Guest['list'] = async (_, __, call) => {
      listing.open();
      await aborted(call);
      return ABORTED;
    };
    const { clock, report } = collecting({ list });
    await listing.opened;
    await clock.advance(SILENCE_MS);
    expect(await report).toMatchObject({
      collected: [],
      incomplete: "the guest's files could not be listed: nothing came from the guest for 60 s",
    });
  });

  it('waits for a listing of which something comes, but not for ever', async () => {
    const listing = gate();
    let say = () => {};
    const list: Guest['list'] = async (_, __, call) => {
      say = () => call.onProgress?.();
      listing.open();
      await aborted(call);
      return ABORTED;
    };
    const { clock, report } = collecting({ list });
    await listing.opened;
    for (let minute = 0; minute < 31; minute++) {
      await clock.advance(SILENCE_MS / 2);
      say();
      await clock.advance(SILENCE_MS / 2);
      say();
    }
    expect((await report).incomplete).toBe(
      "the guest's files could not be listed: not done within 30 minutes",
    );
  });

  it('keeps what had come of an archive that stands still, and names the rest', async () => {
    const { pack, silent } = silentPack();
    const store = new MemoryFileStore();
    const { clock, report } = collecting({ pack }, store);
    await silent;
    await clock.advance(SILENCE_MS);
    expect(await report).toMatchObject({
      collected: [{ path: 'a', bytes: 1 }],
      refused: [{ path: '/artifacts/b', rule: 'left_behind' }],
      incomplete: "the guest's files could not be fetched: nothing came from the guest for 60 s",
    });
    expect(await filesOf(store)).toEqual({ [`${DESTINATION}/a`]: 'a' });
  });

  it('waits for a shorter time once somebody wants an end, counted from then on', async () => {
    const { pack, silent } = silentPack();
    const { clock, report, hurried } = collecting({ pack });
    await silent;
    await clock.advance(SILENCE_MS / 2);
    hurried.abort();
    await clock.advance(HURRIED_MS);
    expect(clock.monotonic()).toBe(SILENCE_MS / 2 + HURRIED_MS);
    expect(await report).toMatchObject({
      collected: [{ path: 'a' }],
      refused: [{ path: '/artifacts/b', rule: 'left_behind' }],
      incomplete:
        "the guest's files could not be fetched: interrupted, and nothing came from the guest for 15 s",
    });
  });

  it('takes all that still comes after somebody wanted an end', async () => {
    const more = gate();
    const waiting = gate();
    const pack: Guest['pack'] = async () => {
      const late = async function* () {
        yield MEMBER;
        waiting.open();
        await more.opened;
        yield Buffer.concat([OTHER, TAR_END]);
      };
      return ok({ ...archiveOf([]), bytes: late() });
    };
    const { clock, report, hurried } = collecting({ pack });
    hurried.abort();
    await waiting.opened;
    await clock.advance(HURRIED_MS - 1000);
    more.open();
    expect(await report).toMatchObject({ collected: [{ path: 'a' }, { path: 'b' }], incomplete: null });
    expect(clock.sleeping).toBe(0);
  });

  it('does not count the time that a file takes to be written here', async () => {
    const store = new MemoryFileStore();
    const [writing, disk] = [gate(), gate()];
    const slow: FileStore = Object.create(store, {
      makeDirectory: {
        value: async (...args: Parameters<FileStore['makeDirectory']>) => {
          writing.open();
          await disk.opened;
          return store.makeDirectory(...args);
        },
      },
    });
    const pack: Guest['pack'] = async () => ok(archiveOf([MEMBER, OTHER, TAR_END]));
    const { clock, report } = collecting({ pack }, slow);
    await writing.opened;
    await clock.advance(3 * SILENCE_MS);
    disk.open();
    expect(await report).toMatchObject({ collected: [{ path: 'a' }, { path: 'b' }], incomplete: null });
  });
});
