import assert from 'node:assert/strict';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import type { FileStoreCapabilities, FileStoreFixture } from './file-store-fixture.js';
import { withFixture } from './with-fixture.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (data: Uint8Array) => Buffer.from(data).toString('utf8');

/** Directories, links, renaming, removing. */
export function fileNameContract(
  runner: SuiteRunner,
  make: () => Promise<FileStoreFixture>,
  capabilities: FileStoreCapabilities,
): void {
  const it = withFixture(runner, make);

  it('a directory is made with its missing parents, and again without complaint', async ({
    store,
    directory,
  }) => {
    must(await store.makeDirectory(`${directory}/a/b/c`));
    must(await store.makeDirectory(`${directory}/a/b/c`));
    assert.equal(must(await store.stat(`${directory}/a/b/c`)).type, 'directory');
    must(await store.writeFile(`${directory}/a/f`, bytes('x')));
    mustFail(await store.makeDirectory(`${directory}/a/f`), 'already_exists', 'not_a_directory');
  });

  it('a name may have as many bytes as the file system takes, and no more', async ({ store, directory }) => {
    const longest = `${directory}/${'é'.repeat(127)}x`;
    must(await store.writeFile(longest, bytes('x')));
    assert.equal(text(must(await store.readFile(longest))), 'x');
    // SFTP has no word for it.
    mustFail(await store.writeFile(`${longest}y`, bytes('x')), 'name_too_long', 'io');
    mustFail(await store.makeDirectory(`${longest}y`), 'name_too_long', 'io');
  });

  it('a name need not be UTF-8, or is refused by name', async ({ store, directory, link }) => {
    const odd = `${directory}/caf\udce9`;
    if (capabilities.byteNames !== true) {
      mustFail(await store.makeDirectory(odd), 'name_refused');
      mustFail(await store.writeFile(odd, bytes('x')), 'name_refused');
      mustFail(await store.list(odd), 'name_refused');
      assert.deepEqual(must(await store.list(directory)), []);
      return;
    }
    must(await store.makeDirectory(`${odd}/\udcff/sub`));
    must(await store.writeFile(`${odd}/\udcff/f`, bytes('ff')));
    must(await store.writeFile(`${odd}/\udcfe`, bytes('fe')));
    must(await store.appendFile(`${odd}/\udcfe`, bytes('+')));
    await link(directory, `${directory}/short`);
    assert.deepEqual(must(await store.list(odd)), [
      { name: '\udcfe', type: 'file' },
      { name: '\udcff', type: 'directory' },
    ]);
    assert.equal(text(must(await store.readFile(`${odd}/\udcff/f`))), 'ff');
    assert.equal(must(await store.lstat(`${odd}/\udcfe`)).size, 3);
    assert.equal(
      must(await store.realpath(`${directory}/short/caf\udce9/\udcff`)),
      `${must(await store.realpath(directory))}/caf\udce9/\udcff`,
    );
    must(await store.truncate(`${odd}/\udcfe`, 1));
    must(await store.setMode(`${odd}/\udcfe`, 0o600));
    must(await store.rename(`${odd}/\udcfe`, `${odd}/moved\udc80`));
    assert.equal(text(must(await store.readFile(`${odd}/moved\udc80`))), 'f');
    // A byte as long as any: 255 of them are a name, and one more is none.
    const longest = `${directory}/${'\udce9'.repeat(255)}`;
    must(await store.writeFile(longest, bytes('x')));
    mustFail(await store.writeFile(`${longest}\udce9`, bytes('x')), 'name_too_long');
    must(await store.remove(longest));
    must(await store.remove(odd, { recursive: true }));
    assert.deepEqual(must(await store.list(directory)), [{ name: 'short', type: 'symlink' }]);
  });

  it('a directory is listed by name, in order of code units, with the types', async ({
    store,
    directory,
    link,
  }) => {
    must(await store.makeDirectory(`${directory}/b`));
    must(await store.writeFile(`${directory}/a`, bytes('x')));
    must(await store.writeFile(`${directory}/Z`, bytes('x')));
    must(await store.writeFile(`${directory}/.hidden`, bytes('x')));
    await link('nowhere', `${directory}/é`);
    assert.deepEqual(must(await store.list(directory)), [
      { name: '.hidden', type: 'file' },
      { name: 'Z', type: 'file' },
      { name: 'a', type: 'file' },
      { name: 'b', type: 'directory' },
      { name: 'é', type: 'symlink' },
    ]);
  });

  it('stat follows a link, lstat and readlink do not', async ({ store, directory, link }) => {
    must(await store.writeFile(`${directory}/f`, bytes('12345')));
    await link('f', `${directory}/link`);
    const followed = must(await store.stat(`${directory}/link`));
    assert.equal(followed.type, 'file');
    assert.equal(followed.size, 5);
    assert.equal(must(await store.lstat(`${directory}/link`)).type, 'symlink');
    assert.equal(must(await store.readlink(`${directory}/link`)), 'f');
    assert.equal(text(must(await store.readFile(`${directory}/link`))), '12345');
    mustFail(await store.readlink(`${directory}/f`), 'io');
    await link('nowhere', `${directory}/dangling`);
    mustFail(await store.stat(`${directory}/dangling`), 'not_found');
    assert.equal(must(await store.readlink(`${directory}/dangling`)), 'nowhere');
  });

  it('a canonical path has no links and no dots, and has to be there', async ({ store, directory, link }) => {
    const base = must(await store.realpath(directory));
    must(await store.makeDirectory(`${directory}/a/b`));
    must(await store.writeFile(`${directory}/a/b/f`, bytes('x')));
    await link('a/b', `${directory}/short`);
    await link('missing', `${directory}/dangling`);
    assert.equal(must(await store.realpath(`${directory}/short/f`)), `${base}/a/b/f`);
    assert.equal(must(await store.realpath(`${directory}/short/../b/./f`)), `${base}/a/b/f`);
    assert.equal(must(await store.realpath('/')), '/');
    mustFail(await store.realpath(`${directory}/short/missing`), 'not_found');
    mustFail(await store.realpath(`${directory}/missing/deeper`), 'not_found');
    mustFail(await store.realpath(`${directory}/dangling`), 'not_found');
  });

  it('a loop of links is a fault and not an endless search', async ({ store, directory, link }) => {
    await link('two', `${directory}/one`);
    await link('one', `${directory}/two`);
    mustFail(await store.realpath(`${directory}/one`), 'io', 'not_found');
    mustFail(await store.readFile(`${directory}/one`), 'io', 'not_found');
  });

  it('permission bits are set of a file and of a directory, and a link is refused', async ({
    store,
    directory,
    link,
  }) => {
    must(await store.writeFile(`${directory}/f`, bytes('x'), { mode: 0o644 }));
    must(await store.makeDirectory(`${directory}/d`, { mode: 0o755 }));
    await link('f', `${directory}/link`);
    must(await store.setMode(`${directory}/f`, 0o600));
    must(await store.setMode(`${directory}/d`, 0o700));
    assert.equal(must(await store.lstat(`${directory}/f`)).mode, 0o600);
    assert.equal(must(await store.lstat(`${directory}/d`)).mode, 0o700);
    mustFail(await store.setMode(`${directory}/link`, 0o644), 'io');
    assert.equal(must(await store.lstat(`${directory}/f`)).mode, 0o600);
    mustFail(await store.setMode(`${directory}/missing`, 0o600), 'not_found');
  });

  it('a directory has another time once a name came', async ({ store, directory }) => {
    must(await store.makeDirectory(`${directory}/d`));
    const time = async () => must(await store.lstat(`${directory}/d`)).mtimeMs;
    const before = await time();
    // Times may be whole seconds.
    for (let n = 0; n < 3000 && (await time()) === before; n++)
      must(await store.writeFile(`${directory}/d/${n}`, bytes('x')));
    assert.ok((await time()) > before);
  });

  it('renaming replaces a file', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/from`, bytes('new')));
    must(await store.writeFile(`${directory}/to`, bytes('old')));
    must(await store.rename(`${directory}/from`, `${directory}/to`));
    assert.equal(text(must(await store.readFile(`${directory}/to`))), 'new');
    mustFail(await store.stat(`${directory}/from`), 'not_found');
    mustFail(await store.rename(`${directory}/from`, `${directory}/to`), 'not_found');
  });

  it('a directory is not renamed onto one that has something in it', async ({ store, directory }) => {
    must(await store.makeDirectory(`${directory}/from`));
    must(await store.makeDirectory(`${directory}/to`));
    must(await store.writeFile(`${directory}/from/mine`, bytes('x')));
    must(await store.writeFile(`${directory}/to/theirs`, bytes('x')));
    mustFail(await store.rename(`${directory}/from`, `${directory}/to`), 'not_empty', 'already_exists');
    assert.deepEqual(must(await store.list(`${directory}/to`)), [{ name: 'theirs', type: 'file' }]);
    must(await store.remove(`${directory}/to/theirs`));
    must(await store.rename(`${directory}/from`, `${directory}/to`));
    assert.deepEqual(must(await store.list(`${directory}/to`)), [{ name: 'mine', type: 'file' }]);
  });

  it('removing takes a link and not its target, and may be repeated', async ({ store, directory, link }) => {
    must(await store.makeDirectory(`${directory}/d`));
    must(await store.writeFile(`${directory}/d/f`, bytes('x')));
    await link('d', `${directory}/link`);
    must(await store.remove(`${directory}/link`, { recursive: true }));
    must(await store.remove(`${directory}/link`));
    assert.equal(text(must(await store.readFile(`${directory}/d/f`))), 'x');
  });

  it('an empty directory is removed without more being said', async ({ store, directory }) => {
    must(await store.makeDirectory(`${directory}/d/e`));
    must(await store.remove(`${directory}/d/e`));
    must(await store.remove(`${directory}/d/e`));
    assert.deepEqual(must(await store.list(`${directory}/d`)), []);
  });

  it('a tree is removed only when that is said', async ({ store, directory }) => {
    must(await store.makeDirectory(`${directory}/d/e`));
    must(await store.writeFile(`${directory}/d/e/f`, bytes('x')));
    mustFail(await store.remove(`${directory}/d`), 'not_empty');
    must(await store.remove(`${directory}/d`, { recursive: true }));
    must(await store.remove(`${directory}/d`, { recursive: true }));
    assert.deepEqual(must(await store.list(directory)), []);
  });
}
