import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { TAR_END, tarEntry } from '../../../../src/adapters/memory/memory-supervisor/memory-tar.js';
import { ArtifactGlobs } from '../../../../src/application/artifacts/artifact-globs.js';
import { collectArtifacts } from '../../../../src/application/artifacts/collect-artifacts.js';
import type { Guest, GuestFault } from '../../../../src/application/supervisor/guest.js';
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
    readonly listing?: { truncated: boolean; undecodable: number };
  } = {},
) {
  const asked: string[][] = [];
  const fault = (kind: Broken) => err({ kind, message: `planted: ${kind}` });
  const member = (path: string) => {
    const content = contents[path] ?? '';
    return typeof content === 'number'
      ? tarEntry({ name: path.slice(1), size: content })
      : tarEntry({ name: path.slice(1), content: Buffer.from(content) });
  };
  const unplayed = () => Promise.reject(new Error('not played'));
  const guest: Guest = {
    description: 'a guest',
    list: async () => {
      const broken = told.list?.shift();
      const listing = { paths: Object.keys(contents), truncated: false, undecodable: 0, ...told.listing };
      return broken === undefined ? ok(listing) : fault(broken);
    },
    pack: async (paths) => {
      const broken = told.pack?.shift();
      if (broken !== undefined) return fault(broken);
      asked.push([...paths]);
      const archive = Buffer.concat([...paths.map(member), TAR_END]);
      const cut = told.cut?.shift();
      return ok(
        cut === undefined ? archiveOf([archive]) : archiveOf([archive.subarray(0, cut)], 'connection_lost'),
      );
    },
    start: unplayed,
    follow: unplayed,
    status: unplayed,
    cancel: unplayed,
    secrets: unplayed,
    forgetSecrets: unplayed,
  };
  const files = new MemoryFileStore();
  const report = await collectArtifacts(
    {
      guest,
      files,
      clock: new MemoryClock(undefined, { skipUpToMs: 10_000 }),
      selection: new ArtifactGlobs(told.patterns ?? ['/artifacts/**']),
      caps: told.caps ?? { fileBytes: 100, totalBytes: 1000, files: 3 },
      destination: DESTINATION,
    },
    { signal: told.signal ?? new AbortController().signal },
  );
  return { report, asked, files: await filesOf(files) };
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
    const long = `/artifacts/${'n'.repeat(241)}`;
    const { report, asked } = await collecting({
      '/artifacts/a': 'a',
      '/artifacts/../etc/passwd': 'x',
      '/etc/passwd': 'x',
      '/artifacts/guest.log': 'x',
      [long]: 'x',
    });
    expect(asked).toEqual([['/artifacts/a']]);
    expect(report.refused).toEqual([{ path: long, rule: 'unsafe_path' }]);
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

  it('asks again without a file that is too large to read past', async () => {
    const { report, asked, files } = await collecting({
      '/artifacts/a': 'a',
      '/artifacts/big': 2 ** 40,
      '/artifacts/c': 'c',
    });
    expect(asked).toEqual([['/artifacts/a', '/artifacts/big', '/artifacts/c'], ['/artifacts/c']]);
    expect(report).toMatchObject({ incomplete: null, refused: [{ rule: 'file_too_large' }] });
    expect(Object.keys(files)).toHaveLength(2);
  });

  it('does not ask for ever', async () => {
    const big = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`/artifacts/${i}`, 2 ** 40]));
    const { report, asked } = await collecting(big, { caps: { fileBytes: 10, totalBytes: 10, files: 100 } });
    expect(asked).toHaveLength(17);
    expect(report.incomplete).toContain('too many files are too large');
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

  it('says when the guest has more than can be looked at', async () => {
    const { report, files } = await collecting(ABC, { listing: { truncated: true, undecodable: 2 } });
    expect(report.incomplete).toContain('more than');
    expect(files).toEqual(kept);
  });

  it('ends when it is cancelled', async () => {
    const { report } = await collecting(ABC, { list: ['connection_lost'], signal: AbortSignal.abort() });
    expect(report.incomplete).toContain('connection_lost');
  });
});
