import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { TAR_END, tarEntry } from '../../../../src/adapters/memory/memory-supervisor/memory-tar.js';
import { ArtifactGlobs } from '../../../../src/application/artifacts/artifact-globs.js';
import { ArtifactLedger } from '../../../../src/application/artifacts/artifact-ledger.js';
import { chooseFiles } from '../../../../src/application/artifacts/choose-files.js';
import { collectArtifacts } from '../../../../src/application/artifacts/collect-artifacts.js';
import { emptyDirectories } from '../../../../src/application/artifacts/make-directories.js';
import { BoundedBytes } from '../../../../src/application/commands/bounded-bytes.js';
import type { Guest, GuestFault, ListedFile } from '../../../../src/application/supervisor/guest.js';
import { listingOf } from '../../../../src/application/supervisor/listing.js';
import { nameBytes } from '../../../../src/streams/name-bytes.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { archiveOf, DESTINATION, filesOf } from './archive-of.js';

type Broken = GuestFault['kind'];

/** A guest with these files, in which listing and packing meet what they are told first. */
async function collecting(
  contents: Readonly<Record<string, string | number>>,
  told: {
    readonly patterns?: readonly string[];
    readonly list?: Broken[];
    readonly pack?: Broken[];
    /** Archives that break off behind so many bytes. */
    readonly cut?: number[];
    readonly caps?: { fileBytes: number; totalBytes: number; files: number };
    readonly signal?: AbortSignal;
    readonly reconnectMs?: number;
    readonly listing?: { truncated: boolean };
    /** What the list says of a file, where that is not what it is. */
    readonly listed?: Readonly<Record<string, Partial<ListedFile>>>;
    /** Files that the guest says it has filled up, archive by archive. */
    readonly filledUp?: string[][];
    /** Archives that the guest ends behind so many bytes. */
    readonly ends?: number[];
    /** Not there any more when they are packed. */
    readonly gone?: readonly string[];
    /** Executable. */
    readonly programs?: readonly string[];
    readonly files?: MemoryFileStore;
  } = {},
) {
  const asked: string[][] = [];
  const fault = (kind: Broken) => err({ kind, message: `planted: ${kind}` });
  const member = (path: string) => {
    const content = contents[path] ?? '';
    const name = path.slice(1);
    const mode = told.programs?.includes(path) === true ? 0o4755 : 0o600;
    const long = { name: '././@LongLink', flag: 'L', content: nameBytes(`${name}\0`) };
    return Buffer.concat([
      ...(nameBytes(name).length > 100 ? [tarEntry(long)] : []),
      typeof content === 'number'
        ? tarEntry({ name, size: content })
        : tarEntry({ name, content: Buffer.from(content), mode }),
    ]);
  };
  const sizeOf = (content: string | number) =>
    typeof content === 'number' ? content : Buffer.byteLength(content);
  const unplayed = () => Promise.reject(new Error('not played'));
  const guest: Guest = {
    description: 'a guest',
    list: async () => {
      const broken = told.list?.shift();
      const listedFiles = Object.entries(contents).map(
        ([path, content]): ListedFile => ({
          path,
          kind: 'file',
          size: sizeOf(content),
          ...told.listed?.[path],
        }),
      );
      const listing = { files: listedFiles, truncated: false, ...told.listing };
      return broken === undefined ? ok(listing) : fault(broken);
    },
    pack: async (paths) => {
      const broken = told.pack?.shift();
      if (broken !== undefined) return fault(broken);
      asked.push([...paths]);
      const there = paths.filter((path) => !told.gone?.includes(path));
      const archive = Buffer.concat([...there.map(member), TAR_END]);
      const cut = told.cut?.shift();
      if (cut !== undefined) return ok(archiveOf([archive.subarray(0, cut)], 'connection_lost'));
      return ok(archiveOf([archive.subarray(0, told.ends?.shift())], undefined, told.filledUp?.shift()));
    },
    start: unplayed,
    follow: unplayed,
    status: unplayed,
    cancel: unplayed,
    secrets: unplayed,
    forgetSecrets: unplayed,
  };
  const files = told.files ?? new MemoryFileStore();
  const report = await collectArtifacts(
    {
      guest,
      files,
      clock: new MemoryClock(undefined, { skipUpToMs: 10_000 }),
      selection: new ArtifactGlobs(told.patterns ?? ['/artifacts/**']),
      caps: told.caps ?? { fileBytes: 100, totalBytes: 1000, files: 3 },
      destination: DESTINATION,
      ...(told.reconnectMs === undefined ? {} : { reconnectMs: told.reconnectMs }),
    },
    { signal: told.signal ?? new AbortController().signal },
  );
  return { report, asked, files: await filesOf(files), store: files };
}

const ABC = { '/artifacts/a': 'a', '/artifacts/b': 'b', '/artifacts/c': 'c' };
const kept = { [`${DESTINATION}/a`]: 'a', [`${DESTINATION}/b`]: 'b', [`${DESTINATION}/c`]: 'c' };

describe('collecting artifacts', () => {
  it('asks the guest for nothing when no pattern does', async () => {
    const { report, asked } = await collecting(ABC, { patterns: [] });
    expect(report.collected).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('asks for exactly what matches and is safe', async () => {
    const { report, asked } = await collecting({
      '/artifacts/a': 'a',
      '/artifacts/../etc/passwd': 'x',
      '/etc/passwd': 'x',
      '/artifacts/guest.log': 'x',
      '/artifacts/two\nlines': 'x',
      '/artifacts/\u001b]0;title': 'x',
    });
    expect(asked).toEqual([['/artifacts/a']]);
    expect(report.refused).toEqual([
      { path: '/artifacts/two\nlines', rule: 'control_character' },
      { path: '/artifacts/\u001b]0;title', rule: 'control_character' },
    ]);
  });

  it('takes names as long as the file system takes them, and names those that are longer', async () => {
    const longest = 'n'.repeat(255);
    const deep = `${'d'.repeat(200)}/`.repeat(12);
    const { report } = await collecting(
      {
        [`/artifacts/${longest}`]: 'a',
        [`/artifacts/${longest}n`]: 'b',
        [`/artifacts/${deep}f`]: 'c',
        [`/artifacts/${deep}${deep}f`]: 'd',
        '/artifacts/z': 'z',
      },
      { caps: { fileBytes: 100, totalBytes: 1000, files: 10 } },
    );
    expect(report.collected.map(({ path }) => path)).toEqual([longest, `${deep}f`, 'z']);
    expect(report.refused.map(({ path, rule }) => [path.length, rule])).toEqual([
      [11 + 256, 'name_too_long'],
      [1024, 'name_too_long'],
    ]);
  });

  it('names what is no file by what it is, and asks for none of it', async () => {
    const { report, asked } = await collecting(ABC, {
      listed: {
        '/artifacts/a': { kind: 'special' },
        '/artifacts/b': { kind: 'symbolic_link' },
        '/artifacts/c': { kind: 'not_whole' },
      },
    });
    expect(asked).toEqual([]);
    expect(report.incomplete).toBeNull();
    expect(report.refused.map(({ rule }) => rule)).toEqual(['special_file', 'symbolic_link', 'not_whole']);
  });

  it('keeps whether a file may be executed, and no more of its mode', async () => {
    const { store } = await collecting(ABC, { programs: ['/artifacts/b'] });
    const mode = async (name: string) => must(await store.stat(`${DESTINATION}/${name}`)).mode;
    expect([await mode('a'), await mode('b')]).toEqual([0o644, 0o755]);
  });

  it('passes over any number of files that are too large, and brings the others', async () => {
    const big = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`/artifacts/${i}`, 2 ** 40]));
    const { report, asked } = await collecting({ ...big, ...ABC });
    expect(asked).toEqual([['/artifacts/a', '/artifacts/b', '/artifacts/c']]);
    expect(report.collected).toHaveLength(3);
    expect(report).toMatchObject({ incomplete: null, refused_count: 40 });
    // A guest whose list has no sizes, as those of older versions.
    const listed = Object.fromEntries(Object.keys(big).map((path) => [path, { size: null }]));
    const older = await collecting(
      { ...big, ...ABC },
      { listed, caps: { fileBytes: 100, totalBytes: 1000, files: 100 } },
    );
    expect(older.report.collected).toHaveLength(3);
    expect(older.report).toMatchObject({ incomplete: null, refused_count: 40 });
  });

  it('goes on behind a file that the total has no room for', async () => {
    const { report, asked } = await collecting(
      { '/artifacts/a': 'aaaa', '/artifacts/b': 'bbbbbb', '/artifacts/c': 'c' },
      { caps: { fileBytes: 100, totalBytes: 6, files: 9 } },
    );
    expect(asked).toEqual([['/artifacts/a', '/artifacts/c']]);
    expect(report.refused).toEqual([{ path: '/artifacts/b', rule: 'total_too_large' }]);
  });

  it('makes a report that a record takes, however many and long the names are, and counts the rest', async () => {
    const caps = { fileBytes: 100, totalBytes: 10 ** 6, files: 100_000 };
    const names = Array.from(
      { length: 10_000 },
      (_, i) => `/artifacts/${`${'\u{1f600}'.repeat(50)}/`.repeat(5)}${i}`,
    );
    const { report } = await collecting(Object.fromEntries(names.map((name) => [name, ''])), { caps });
    expect(report.collected.length + report.refused_count).toBe(10_000);
    expect(report.collected.length).toBeGreaterThan(5000);
    expect(report.refused[0]?.rule).toBe('record_full');
    expect(Buffer.byteLength(JSON.stringify(report, null, 2))).toBeLessThan(11 * 1024 * 1024);
    const hostile = Array.from({ length: 10_000 }, (_, i) => `/artifacts/${'\u0001'.repeat(1000)}${i}`);
    const refused = await collecting(Object.fromEntries(hostile.map((name) => [name, ''])), { caps });
    expect(refused.report.refused_count).toBe(10_000);
    expect(Buffer.byteLength(JSON.stringify(refused.report, null, 2))).toBeLessThan(3 * 1024 * 1024);
  });

  it('asks once more for a file that was cut while it was packed, and names it when it is cut again', async () => {
    const once = await collecting(ABC, { filledUp: [['/artifacts/b']] });
    expect(once.asked).toEqual([Object.keys(ABC), ['/artifacts/b']]);
    expect(once.report).toMatchObject({ refused: [], incomplete: null });
    expect(once.files).toEqual(kept);
    const twice = await collecting(ABC, { filledUp: [['/artifacts/b'], ['/artifacts/b']] });
    expect(twice.report.refused).toEqual([{ path: '/artifacts/b', rule: 'not_whole' }]);
    expect(Object.keys(twice.files)).toEqual([`${DESTINATION}/a`, `${DESTINATION}/c`]);
    expect(twice.report.collected.map(({ path }) => path)).toEqual(['a', 'c']);
  });

  it('goes on behind a file at which the guest ends its archive, and names it when it does so again', async () => {
    // Within the content of the second of three files.
    const { report, asked, files } = await collecting(ABC, { ends: [3 * 512] });
    expect(asked).toHaveLength(2);
    expect(report).toMatchObject({ refused: [], incomplete: null });
    expect(files).toEqual(kept);
    const again = await collecting(ABC, { ends: [3 * 512, 512] });
    expect(again.report).toMatchObject({
      refused: [{ path: '/artifacts/b', rule: 'not_whole' }],
      incomplete: null,
    });
    expect(Object.keys(again.files)).toEqual([`${DESTINATION}/a`, `${DESTINATION}/c`]);
  });

  it('does not take for whole what is smaller than it was when the connection broke', async () => {
    const { report, asked } = await collecting(ABC, {
      cut: [2000],
      listed: { '/artifacts/a': { size: 0 } },
    });
    expect(asked[1]).toEqual(expect.arrayContaining(['/artifacts/a']));
    expect(report).toMatchObject({ refused: [], incomplete: null });
  });

  it('names what has vanished', async () => {
    const { report } = await collecting(
      { ...ABC, '/artifacts/gone': 'x' },
      {
        caps: { fileBytes: 100, totalBytes: 1000, files: 9 },
        gone: ['/artifacts/gone'],
      },
    );
    expect(report.collected).toHaveLength(3);
    expect(report.refused).toEqual([{ path: '/artifacts/gone', rule: 'vanished' }]);
    expect(report.incomplete).toContain('a file vanished before it could be fetched');
  });

  it('keeps one of two files that have the same place here', async () => {
    const two = { '/artifacts/a': 'one', '/workspace/snapshot/a': 'two' };
    const { report, files } = await collecting(two, { patterns: ['/artifacts/*', '*'] });
    expect(report.refused).toEqual([{ path: '/workspace/snapshot/a', rule: 'duplicate_path' }]);
    expect(files).toEqual({ [`${DESTINATION}/a`]: 'one' });
  });

  it('names what is over the number of files', async () => {
    const { report } = await collecting({ ...ABC, '/artifacts/d': 'd' });
    expect(report.refused).toEqual([{ path: '/artifacts/d', rule: 'too_many_files' }]);
    expect(report.collected).toHaveLength(3);
  });

  it('asks again without a file that is larger than was said, and too large to read past', async () => {
    const contents = { '/artifacts/a': 'a', '/artifacts/big': 2 ** 40, '/artifacts/c': 'c' };
    const { report, asked, files } = await collecting(contents, {
      listed: { '/artifacts/big': { size: 1 } },
    });
    expect(asked).toEqual([['/artifacts/a', '/artifacts/big', '/artifacts/c'], ['/artifacts/c']]);
    expect(report).toMatchObject({ incomplete: null, refused: [{ rule: 'file_too_large' }] });
    expect(Object.keys(files)).toHaveLength(2);
  });

  it('does not ask for ever, and names what it did not come to', async () => {
    const big = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`/artifacts/${i}`, 2 ** 40]));
    const listed = Object.fromEntries(Object.keys(big).map((path) => [path, { size: 1 }]));
    const caps = { fileBytes: 10, totalBytes: 1000, files: 1000 };
    const { report, asked } = await collecting(big, { caps, listed });
    expect(asked).toHaveLength(256);
    expect(report.incomplete).toContain('too many files are too large');
    expect(report.refused.filter(({ rule }) => rule === 'left_behind')).toHaveLength(400 - 256);
  });

  it('goes on where the connection broke, wherever that was', async () => {
    for (let cut = 0; cut < 4000; cut += 500) {
      const { report, files } = await collecting(ABC, { list: ['connection_lost'], cut: [cut, cut] });
      expect(report).toMatchObject({ refused: [], incomplete: null });
      expect(files).toEqual(kept);
    }
  });

  it('keeps what it has when the connection breaks too often', async () => {
    const losses = () => Array.from({ length: 9 }, (): Broken => 'connection_lost');
    const { report, files } = await collecting(ABC, { cut: [1024] });
    expect(report.incomplete).toBeNull();
    expect(files).toEqual(kept);
    const never = await collecting(ABC, { pack: losses() });
    expect(never.report.incomplete).toContain('could not be fetched');
    const unlisted = await collecting(ABC, { list: losses() });
    expect(unlisted.report.incomplete).toContain('could not be listed');
  });

  it('asks as long as a host may be out of reach, and no longer', async () => {
    const losses = (count: number) => Array.from({ length: count }, () => 'connection_lost' as const);
    const lists = losses(12);
    const { report, files } = await collecting(ABC, { list: lists, pack: losses(12), reconnectMs: 60_000 });
    expect(report.incomplete).toBeNull();
    expect(files).toEqual(kept);
    const never = await collecting(ABC, { list: losses(1000), reconnectMs: 60_000 });
    expect(never.report.incomplete).toContain('could not be listed');
  });

  it('says when the guest has more than can be looked at', async () => {
    const { report, files } = await collecting(ABC, { listing: { truncated: true } });
    expect(report.incomplete).toContain('more than');
    expect(files).toEqual(kept);
  });

  it('keeps names that are not UTF-8 by their bytes, below directories of such names and longer than a header takes', async () => {
    const odd = ['a\udce9.xml', 'a\udcea.xml', `\udce9/${'\udcff'.repeat(101)}`];
    const contents = Object.fromEntries(odd.map((name, at) => [`/artifacts/${name}`, String(at)]));
    const { report, files } = await collecting(
      { ...contents, '/artifacts/\udce9.no': 'no' },
      {
        patterns: ['/artifacts/a?.xml', '/artifacts/?/**'],
      },
    );
    expect(report).toEqual({
      collected: odd.map((path) => ({ path, bytes: 1 })),
      refused: [],
      refused_count: 0,
      incomplete: null,
    });
    expect(files).toEqual(Object.fromEntries(odd.map((name, at) => [`${DESTINATION}/${name}`, String(at)])));
  });

  it('names what the file system here does not take by its name, and keeps the rest', async () => {
    const refused = { path: '/artifacts/b', rule: 'name_refused' };
    const files = new MemoryFileStore();
    files.failNext('write', 'name_refused', `${DESTINATION}/b`);
    const { report } = await collecting(ABC, { files });
    expect(report).toMatchObject({ incomplete: null, refused: [refused], refused_count: 1 });
    expect(report.collected.map(({ path }) => path)).toEqual(['a', 'c']);
  });

  it('ends when it is cancelled', async () => {
    const { report } = await collecting(ABC, { list: ['connection_lost'], signal: AbortSignal.abort() });
    expect(report.incomplete).toContain('connection_lost');
  });
});

it('lets others have their turn while it reads, chooses and keeps names', async () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `/artifacts/made/${index}`);
  const files: ListedFile[] = names.map((path) => ({ path, kind: 'directory', size: 0 }));
  const bytes = new BoundedBytes(10_000_000, 'first');
  bytes.add(Buffer.from(names.map((name) => `d 0 ${name}\0`).join('')));
  const turnsOf = async (work: () => Promise<unknown>) => {
    let turns = 0;
    let goesOn = true;
    const another = () => {
      turns++;
      if (goesOn) setImmediate(another);
    };
    setImmediate(another);
    await work();
    goesOn = false;
    return turns;
  };
  const selection = new ArtifactGlobs(['/artifacts/**']);
  const caps = { fileBytes: 1, totalBytes: 1, files: 1 };
  expect(await turnsOf(() => listingOf(bytes, 500_000))).toBeGreaterThan(15);
  expect(await turnsOf(() => chooseFiles(files, selection, caps, new ArtifactLedger()))).toBeGreaterThan(15);
  expect(await turnsOf(() => emptyDirectories(files, names))).toBeGreaterThan(30);
});
