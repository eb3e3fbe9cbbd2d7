import assert from 'node:assert/strict';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import type { FileStoreCapabilities, FileStoreFixture } from './file-store-fixture.js';
import { withFixture } from './with-fixture.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (data: Uint8Array) => Buffer.from(data).toString('utf8');

/** Reading and writing whole files. */
export function fileWholeContract(
  runner: SuiteRunner,
  make: () => Promise<FileStoreFixture>,
  capabilities: FileStoreCapabilities,
): void {
  const it = withFixture(runner, make);

  it('what was written is what is read, byte by byte', async ({ store, directory }) => {
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
    must(await store.writeFile(`${directory}/large`, data));
    assert.ok(Buffer.from(must(await store.readFile(`${directory}/large`))).equals(data));
    must(await store.writeFile(`${directory}/empty`, new Uint8Array()));
    assert.equal(must(await store.readFile(`${directory}/empty`)).length, 0);
  });

  it('writing replaces the whole file and leaves nothing beside it', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/f`, bytes('a longer first text')));
    must(await store.writeFile(`${directory}/f`, bytes('short')));
    assert.equal(text(must(await store.readFile(`${directory}/f`))), 'short');
    assert.deepEqual(
      must(await store.list(directory)).map((entry) => entry.name),
      ['f'],
    );
  });

  it('names with spaces, quotes, newlines and unicode are names like others', async ({
    store,
    directory,
  }) => {
    for (const name of ['a b', `it's "quoted"`, 'new\nline', 'ünïcödé 😀', '-rf', '$(id)', '*', '\\']) {
      must(await store.writeFile(`${directory}/${name}`, bytes(name)));
      assert.equal(text(must(await store.readFile(`${directory}/${name}`))), name);
      must(await store.remove(`${directory}/${name}`));
    }
    assert.deepEqual(must(await store.list(directory)), []);
  });

  it('a file that is not there is not_found, and the fault says which', async ({ store, directory }) => {
    const fault = mustFail(await store.readFile(`${directory}/missing`), 'not_found');
    assert.equal(fault.path, `${directory}/missing`);
    assert.equal(fault.host, store.host);
    mustFail(await store.stat(`${directory}/missing`), 'not_found');
    mustFail(await store.writeFile(`${directory}/no/parent`, bytes('x')), 'not_found');
    mustFail(await store.list(`${directory}/missing`), 'not_found');
  });

  it('a file in the place of a directory is said to be one', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/f`, bytes('x')));
    mustFail(await store.readFile(`${directory}/f/below`), 'not_a_directory');
    mustFail(await store.list(`${directory}/f`), 'not_a_directory');
    mustFail(await store.makeDirectory(`${directory}/f/below`), 'not_a_directory', 'already_exists');
    must(await store.makeDirectory(`${directory}/d`));
    mustFail(await store.readFile(`${directory}/d`), 'is_a_directory');
    mustFail(await store.writeFile(`${directory}/d`, bytes('x')), 'is_a_directory');
    assert.deepEqual(
      must(await store.list(directory)).map((entry) => entry.name),
      ['d', 'f'],
    );
  });

  it('reading stops at the limit', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/f`, bytes('0123456789')));
    mustFail(await store.readFile(`${directory}/f`, { maxBytes: 9 }), 'too_large');
    assert.equal(text(must(await store.readFile(`${directory}/f`, { maxBytes: 10 }))), '0123456789');
  });

  it('a call whose signal has fired does nothing', async ({ store, directory }) => {
    mustFail(await store.writeFile(`${directory}/f`, bytes('x'), { signal: AbortSignal.abort() }), 'aborted');
    assert.deepEqual(must(await store.list(directory)), []);
  });

  it('a path that is not absolute is refused', async ({ store }) => {
    mustFail(await store.readFile('relative'), 'io');
    mustFail(await store.writeFile('relative', bytes('x')), 'io');
  });

  if (!capabilities.modes) return;
  it('a file has the permission bits that were asked for', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/plain`, bytes('x')));
    must(await store.writeFile(`${directory}/secret`, bytes('x'), { mode: 0o600 }));
    must(await store.writeFile(`${directory}/shared`, bytes('x'), { mode: 0o666 }));
    assert.equal(must(await store.stat(`${directory}/plain`)).mode, 0o644);
    assert.equal(must(await store.stat(`${directory}/secret`)).mode, 0o600);
    assert.equal(must(await store.stat(`${directory}/shared`)).mode, 0o666);
  });
}
