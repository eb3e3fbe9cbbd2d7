import assert from 'node:assert/strict';
import type { LogRange, LogReader } from '../../ports/log-reader.js';
import type { SuiteRunner } from './contract-runner.js';
import { must } from './expect-result.js';
import type { FileStoreFixture } from './file-store-fixture.js';
import { withFixture } from './with-fixture.js';

export interface LogReaderFixture extends FileStoreFixture {
  /** Reads what `store` holds. */
  readonly reader: LogReader;
}

/** What every `LogReader` has to do. `make` is called for each test. */
export function logReaderContract(
  runner: SuiteRunner,
  name: string,
  make: () => Promise<LogReaderFixture>,
): void {
  runner.describe(`${name} keeps the contract of LogReader`, () => {
    const it = withFixture(runner, make);
    const text = async ({ reader, directory }: LogReaderFixture, range: LogRange) => {
      const part = must(await reader.read(`${directory}/log`, range));
      return [Buffer.from(part.data).toString('latin1'), part.offset, part.size];
    };

    it('reads from an offset on, no more than it may, and says how large the file is', async (at) => {
      must(await at.store.writeFile(`${at.directory}/log`, Buffer.from('0123456789')));
      assert.deepEqual(await text(at, { offset: 3, maxBytes: 4 }), ['3456', 3, 10]);
      assert.deepEqual(await text(at, { offset: 8, maxBytes: 100 }), ['89', 8, 10]);
      assert.deepEqual(await text(at, { offset: 0, maxBytes: 0 }), ['', 0, 10]);
    });

    it('counts a negative offset from the end, and reads nothing beyond it', async (at) => {
      must(await at.store.writeFile(`${at.directory}/log`, Buffer.from('0123456789')));
      assert.deepEqual(await text(at, { offset: -4, maxBytes: 4 }), ['6789', 6, 10]);
      assert.deepEqual(await text(at, { offset: -40, maxBytes: 3 }), ['012', 0, 10]);
      assert.deepEqual(await text(at, { offset: 40, maxBytes: 3 }), ['', 10, 10]);
    });

    it('reads a file whose name is not UTF-8', async ({ store, reader, directory }) => {
      must(await store.writeFile(`${directory}/\udce9`, Buffer.from('odd')));
      const part = must(await reader.read(`${directory}/\udce9`, { offset: 1, maxBytes: 9 }));
      assert.equal(Buffer.from(part.data).toString(), 'dd');
    });

    it('sees what has been appended since', async (at) => {
      must(await at.store.appendFile(`${at.directory}/log`, Buffer.from('one')));
      assert.deepEqual(await text(at, { offset: 0, maxBytes: 99 }), ['one', 0, 3]);
      must(await at.store.appendFile(`${at.directory}/log`, Buffer.from('two')));
      assert.deepEqual(await text(at, { offset: 3, maxBytes: 99 }), ['two', 3, 6]);
    });

    it('says when the file was written, as its store does', async ({ reader, store, directory }) => {
      must(await store.writeFile(`${directory}/log`, Buffer.from('one')));
      const { modifiedMs } = must(await reader.read(`${directory}/log`, { offset: 0, maxBytes: 0 }));
      assert.equal(modifiedMs, must(await store.stat(`${directory}/log`)).mtimeMs);
    });

    it('follows no link, and reads no directory', async ({ reader, store, directory, link }) => {
      must(await store.writeFile(`${directory}/secret`, Buffer.from('x')));
      await link(`${directory}/secret`, `${directory}/log`);
      assert.equal(
        (await reader.read(`${directory}/log`, { offset: 0, maxBytes: 9 }))._unsafeUnwrapErr().kind,
        'io',
      );
      assert.equal((await reader.read(directory, { offset: 0, maxBytes: 9 }))._unsafeUnwrapErr().kind, 'io');
    });

    it('says that a file is not there, and that the signal has fired', async ({ reader, directory }) => {
      const range = { offset: 0, maxBytes: 9 };
      const missing = await reader.read(`${directory}/log`, range);
      assert.equal(missing._unsafeUnwrapErr().kind, 'not_found');
      const aborted = await reader.read(`${directory}/log`, range, { signal: AbortSignal.abort() });
      assert.equal(aborted._unsafeUnwrapErr().kind, 'aborted');
    });
  });
}
