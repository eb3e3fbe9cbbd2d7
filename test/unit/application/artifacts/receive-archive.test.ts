import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import {
  type MemoryTarEntry,
  TAR_END,
  tarEntry,
} from '../../../../src/adapters/memory/memory-supervisor/memory-tar.js';
import type { FileFault } from '../../../../src/ports/file-store.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { archiveOf, CAPS, DESTINATION, take } from './archive-of.js';

const bytes = (text: string) => Buffer.from(text);
const tar = (...entries: readonly MemoryTarEntry[]) => Buffer.concat([...entries.map(tarEntry), TAR_END]);
const good = { name: 'artifacts/good', content: bytes('good') };

describe("an archive made by the system's tar", () => {
  for (const format of ['gnu', 'pax', 'ustar', 'oldgnu']) {
    it(`of the format ${format} is taken apart, with long, deep and odd names`, async () => {
      await using directory = await temporaryDirectory();
      const contents: Record<string, string> = {
        'a b/it\'s "x"': 'one',
        'ünï/😀.txt': 'two',
        empty: '',
        'exact-block': 'x'.repeat(512),
        [`${'deep/'.repeat(20)}file`]: 'deep',
        ...(format === 'ustar' ? {} : { [`${'n'.repeat(200)}/${'m'.repeat(200)}`]: 'long' }),
      };
      for (const [name, content] of Object.entries(contents)) {
        await mkdir(join(directory.path, 'artifacts', name, '..'), { recursive: true });
        await writeFile(join(directory.path, 'artifacts', name), content);
      }
      const names = Object.keys(contents).map((name) => `artifacts/${name}`);
      const args = ['-c', '-f', '-', `--format=${format}`, '-C', directory.path, '--no-recursion', ...names];
      const { files, report } = await take(
        archiveOf([execFileSync('tar', args, { env: { ...process.env, LC_ALL: 'C.UTF-8' } })]),
        names.map((name) => `/${name}`),
      );
      expect(report).toMatchObject({ refused: [], incomplete: null });
      expect(files).toEqual(
        Object.fromEntries(Object.entries(contents).map(([name, text]) => [`${DESTINATION}/${name}`, text])),
      );
    });
  }
});

describe('an archive of a hostile guest', () => {
  const cases: readonly (readonly [string, MemoryTarEntry, string])[] = [
    ['a path that climbs out', { name: 'artifacts/../../etc/passwd', content: bytes('x') }, 'not_requested'],
    ['an absolute path', { name: '/etc/passwd', content: bytes('x') }, 'not_requested'],
    ['what was not asked for', { name: 'artifacts/other', content: bytes('x') }, 'not_requested'],
    ['a symbolic link', { name: 'artifacts/bad', flag: '2', linkName: '/etc/passwd' }, 'symbolic_link'],
    ['a hard link', { name: 'artifacts/bad', flag: '1', linkName: 'artifacts/good' }, 'hard_link'],
    ['a character device', { name: 'artifacts/bad', flag: '3' }, 'special_file'],
    ['a block device', { name: 'artifacts/bad', flag: '4' }, 'special_file'],
    ['a FIFO', { name: 'artifacts/bad', flag: '6' }, 'special_file'],
    ['a sparse file', { name: 'artifacts/bad', flag: 'S' }, 'special_file'],
    [
      'a file over the cap',
      { name: 'artifacts/bad', content: Buffer.alloc(CAPS.fileBytes + 1) },
      'file_too_large',
    ],
  ];
  for (const [title, entry, rule] of cases) {
    it(`has ${title} refused, with the rule, and the rest kept`, async () => {
      const { files, report } = await take(archiveOf([tar(entry, good)]), [
        '/artifacts/bad',
        '/artifacts/good',
      ]);
      expect(report.refused.map((one) => one.rule)).toEqual([rule]);
      expect(files).toEqual({ [`${DESTINATION}/good`]: 'good' });
    });
  }

  it('has files refused from where the total is over its cap', async () => {
    const file = (name: string) => ({ name: `artifacts/${name}`, content: Buffer.alloc(900) });
    const { report } = await take(archiveOf([tar(file('a'), file('b'), file('c'))]), [
      '/artifacts/a',
      '/artifacts/b',
      '/artifacts/c',
    ]);
    expect(report.collected.map(({ path }) => path)).toEqual(['a', 'b']);
    expect(report.refused).toEqual([{ path: '/artifacts/c', rule: 'total_too_large' }]);
  });

  it('is left where it announces a file of terabytes, which is not read', async () => {
    let sent = 0;
    const endless = (function* () {
      yield tarEntry({ name: 'artifacts/bad', size: 2 ** 43 });
      for (; ; sent++) yield Buffer.alloc(512);
    })();
    const { received, report } = await take(archiveOf(endless), ['/artifacts/bad', '/artifacts/good']);
    expect(received.end).toBe('left');
    expect([...received.remaining.keys()]).toEqual(['/artifacts/good']);
    expect(report.refused).toEqual([{ path: '/artifacts/bad', rule: 'file_too_large' }]);
    expect(sent).toBe(0);
  });

  it('has a second file of one name refused', async () => {
    const second = { name: 'artifacts/good', content: bytes('evil') };
    const { files, report } = await take(archiveOf([tar(good, second)]), ['/artifacts/good']);
    expect(files).toEqual({ [`${DESTINATION}/good`]: 'good' });
    expect(report.refused).toEqual([{ path: '/artifacts/good', rule: 'not_requested' }]);
  });

  it('loses only the file whose name another one needs as a directory', async () => {
    const below = { name: 'artifacts/good/below', content: bytes('x') };
    const wanted = ['/artifacts/good', '/artifacts/good/below', '/artifacts/after'];
    const after = { name: 'artifacts/after', content: bytes('after') };
    for (const [first, second] of [
      [good, below],
      [below, good],
    ] as const) {
      const { files, report } = await take(archiveOf([tar(first, second, after)]), wanted);
      expect(report.refused).toEqual([{ path: `/${second.name}`, rule: 'path_conflict' }]);
      expect(Object.keys(files)).toEqual(
        [`${DESTINATION}/after`, `${DESTINATION}/${first.name.slice('artifacts/'.length)}`].sort(),
      );
    }
  });

  it('has what comes behind its end ignored', async () => {
    const late = tarEntry({ name: 'artifacts/late', content: bytes('x') });
    const { files, received, report } = await take(archiveOf([tar(good), late]), [
      '/artifacts/good',
      '/artifacts/late',
    ]);
    expect(Object.keys(files)).toEqual([`${DESTINATION}/good`]);
    expect([report.incomplete, [...received.remaining.keys()]]).toEqual([null, ['/artifacts/late']]);
  });

  it('is none when it goes on behind its end and lacks files: nothing has vanished', async () => {
    const zeros = (function* () {
      for (;;) yield Buffer.alloc(64 * 1024);
    })();
    const { received, report } = await take(archiveOf(zeros), ['/artifacts/good']);
    expect([received.end, report.incomplete]).toEqual([
      'given_up',
      'what the guest sent is no archive: it goes on behind its end',
    ]);
    expect(report.refused).toEqual([]);
  });

  it('is broken off when a name is announced that is longer than any', async () => {
    const name = { name: '././@LongLink', flag: 'L', size: 2 ** 30 };
    const { report } = await take(archiveOf([tar(good), tarEntry(name)].slice(1)), ['/artifacts/good']);
    expect(report.incomplete).toContain('overlong name');
  });

  it('is broken off when it is nothing but names', async () => {
    const endless = (function* () {
      for (;;) yield tarEntry({ name: 'x', flag: 'L', content: bytes('artifacts/good\0') });
    })();
    const { report } = await take(archiveOf(endless), ['/artifacts/good']);
    expect(report.incomplete).toContain('extension headers');
  });

  it('is broken off when it is nothing but what was not asked for', async () => {
    const endless = (function* () {
      for (;;) yield tarEntry({ name: 'artifacts/dir/', flag: '5' });
    })();
    const { report } = await take(archiveOf(endless), ['/artifacts/good']);
    expect(report.incomplete).toContain('not asked for');
  });

  it('may give a file a name that is not UTF-8, which is another one than was asked for', async () => {
    const odd = tarEntry(good);
    const name = tarEntry({ name: 'x', flag: 'L', content: Buffer.from([0x61, 0xff, 0]) });
    const { files, report } = await take(archiveOf([name, odd, TAR_END]), ['/artifacts/good']);
    expect(files).toEqual({});
    expect(report.refused).toEqual([{ path: '/a\udcff', rule: 'not_requested' }]);
  });
});

describe('an archive that is cut short', () => {
  const whole = tar({ name: 'artifacts/a', content: bytes('a'.repeat(600)) }, good);
  const wanted = ['/artifacts/a', '/artifacts/good'];

  for (let at = 0; at < whole.length; at += 256) {
    it(`at byte ${at} gives whole files or none, and says that it is not whole, and where`, async () => {
      const { files, received, report } = await take(archiveOf([whole.subarray(0, at)]), wanted);
      for (const [path, content] of Object.entries(files))
        expect(content).toBe(path.endsWith('good') ? 'good' : 'a'.repeat(600));
      // The first of the two blocks of zeroes is the end already.
      const ended = at >= whole.length - 512;
      expect(report.incomplete).toBeNull();
      expect(received.end).toBe(ended ? 'complete' : 'cut_short');
      if (received.underWay !== null) expect(wanted).toContain(received.underWay);
      expect(received.remaining.size).toBe(2 - Object.keys(files).length);

      const lost = await take(archiveOf([whole.subarray(0, at)], 'connection_lost'), wanted);
      expect(lost.received.end).toBe(ended ? 'complete' : 'connection_lost');
      expect(lost.report.incomplete).toBeNull();
    });
  }
});

describe('files that are being brought to the disk', () => {
  /** Whose commits wait until the test says what comes of them. */
  class HeldStore extends MemoryFileStore {
    readonly held: { readonly path: string; readonly end: (fault?: FileFault) => void }[] = [];
    readonly waiters: (() => void)[] = [];

    override async createWriter(path: string, options: Parameters<MemoryFileStore['createWriter']>[1] = {}) {
      const created = await super.createWriter(path, options);
      return created.map((writer) => {
        const commit = writer.commit.bind(writer);
        writer.commit = async () => {
          const fault = await new Promise<FileFault | undefined>((resolve) => {
            this.held.push({ path, end: resolve });
            for (const waiter of this.waiters) waiter();
          });
          return fault === undefined ? commit() : err(fault);
        };
        return writer;
      });
    }

    async holds(count: number): Promise<void> {
      while (this.held.length < count) await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }
  const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
  const archive = () =>
    archiveOf([tar(...names.map((name) => ({ name: `artifacts/${name}`, content: bytes(name) })))]);
  const wanted = names.map((name) => `/artifacts/${name}`);

  it('wait for it together, up to sixteen of them, and all are there at the end', async () => {
    const store = new HeldStore();
    const taking = take(archive(), wanted, { store });
    await store.holds(16);
    await new Promise(setImmediate);
    expect(store.held).toHaveLength(16);
    store.held[3]?.end();
    await store.holds(17);
    for (let index = 0; index < names.length; index++) {
      await store.holds(index + 1);
      store.held[index]?.end();
    }
    const { files, report } = await taking;
    expect(Object.keys(files)).toHaveLength(20);
    expect(report.collected.map(({ path }) => path)).toEqual(names);
    expect(report).toMatchObject({ refused: [], incomplete: null });
  });

  it('are not told to be there when the disk has no room for one at its end, and none is taken behind it', async () => {
    const store = new HeldStore();
    const taking = take(archive(), wanted, { store });
    await store.holds(16);
    const message = 'no space left on device';
    const path = `${DESTINATION}/f2`;
    store.held[2]?.end({ kind: 'no_space', host: 'memory', operation: 'write', path, message });
    for (let index = 0; index < 17; index++) {
      await store.holds(index + 1);
      store.held[index]?.end();
    }
    const { files, report, received } = await taking;
    expect(received.end).toBe('given_up');
    expect([...received.remaining.keys()].sort()).toEqual(
      ['/artifacts/f17', '/artifacts/f18', '/artifacts/f19', '/artifacts/f2'].sort(),
    );
    expect(report.incomplete).toContain('f2 could not be written');
    expect(report.collected.map(({ path }) => path)).not.toContain('f2');
    expect(Object.keys(files).sort()).toEqual(
      report.collected.map(({ path }) => `${DESTINATION}/${path}`).sort(),
    );
  });
});

describe('any bytes at all', () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 700 }),
    fc
      .record({
        name: fc.oneof(fc.constantFrom('artifacts/good', '../x', '/etc/x', '', 'artifacts/d/e'), fc.string()),
        flag: fc.constantFrom('0', '1', '2', '3', '5', '7', 'L', 'K', 'x', 'g', 'S', '\0', 'Z'),
        size: fc.oneof(fc.nat(1500), fc.constantFrom(2 ** 33, 2 ** 52)),
        content: fc.uint8Array({ maxLength: 600 }),
      })
      .map((entry) => tarEntry(entry)),
    fc.constant(TAR_END),
  );

  it('never throw, and never write anything but what was wanted where it was wanted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(chunk, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (chunks, cuts) => {
          const all = Buffer.concat(chunks);
          const at = [0, ...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b), all.length];
          const pieces = at.slice(1).map((end, index) => all.subarray(at[index], end));
          const { files } = await take(archiveOf(pieces), ['/artifacts/good', '/artifacts/d/e']);
          for (const path of Object.keys(files))
            expect([`${DESTINATION}/good`, `${DESTINATION}/d/e`]).toContain(path);
          const whole = await take(archiveOf([all]), ['/artifacts/good', '/artifacts/d/e']);
          expect(files).toEqual(whole.files);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
