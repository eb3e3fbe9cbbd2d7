import assert from 'node:assert/strict';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import type { FileStoreFixture } from './file-store-fixture.js';
import { withFixture } from './with-fixture.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (data: Uint8Array) => Buffer.from(data).toString('utf8');

/** Appending, writing in pieces, cutting. */
export function fileStreamContract(runner: SuiteRunner, make: () => Promise<FileStoreFixture>): void {
  const it = withFixture(runner, make);

  it('appending makes the file and then adds to it', async ({ store, directory }) => {
    must(await store.appendFile(`${directory}/log`, bytes('one\n')));
    must(await store.appendFile(`${directory}/log`, bytes('two\n')));
    assert.equal(text(must(await store.readFile(`${directory}/log`))), 'one\ntwo\n');
  });

  it('appends at the same time are not mixed', async ({ store, directory }) => {
    const pieces = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(400_000));
    const done = await Promise.all(pieces.map((piece) => store.appendFile(`${directory}/log`, bytes(piece))));
    for (const one of done) must(one);
    const whole = text(must(await store.readFile(`${directory}/log`)));
    assert.equal(whole.length, 1_600_000);
    assert.deepEqual(
      [...whole.matchAll(/(.)\1*/g)].map((run) => run[0].length).sort(),
      [400_000, 400_000, 400_000, 400_000],
    );
  });

  it('an appender shows each piece as soon as it is written', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/log`, bytes('before ')));
    await using appender = must(await store.openAppender(`${directory}/log`));
    must(await appender.write(bytes('first ')));
    assert.equal(text(must(await store.readFile(`${directory}/log`))), 'before first ');
    must(await appender.write(bytes('second')));
    must(await appender.commit());
    assert.equal(text(must(await store.readFile(`${directory}/log`))), 'before first second');
    mustFail(await appender.write(bytes('late')), 'io');
    mustFail(await appender.commit(), 'io');
  });

  it('an appender that is given up keeps what was written', async ({ store, directory }) => {
    const appender = must(await store.openAppender(`${directory}/log`));
    must(await appender.write(bytes('kept')));
    await appender[Symbol.asyncDispose]();
    assert.equal(text(must(await store.readFile(`${directory}/log`))), 'kept');
  });

  it('an appender stays with the file that it opened when another is put in its place', async ({
    store,
    directory,
  }) => {
    await using appender = must(await store.openAppender(`${directory}/log`));
    must(await appender.write(bytes('old')));
    must(await store.writeFile(`${directory}/log`, bytes('new')));
    must(await appender.write(bytes(' and late')));
    assert.equal(text(must(await store.readFile(`${directory}/log`))), 'new');
  });

  it('files that are being written at once are not taken away by the ends of their writers', async ({
    store,
    directory,
  }) => {
    const paths = Array.from({ length: 20 }, (_, index) => `${directory}/f${index}`);
    for (let round = 0; round < 20; round++) {
      const data = bytes(`round ${round}`);
      for (const written of await Promise.all(paths.map((path) => store.writeFile(path, data))))
        must(written);
    }
    const writer = must(await store.createWriter(`${directory}/last`));
    const [committed] = await Promise.all([writer.commit(), writer[Symbol.asyncDispose]()]);
    must(committed);
    assert.equal(must(await store.list(directory)).length, 21);
  });

  it('a new file appears whole and only when it is committed', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/f`, bytes('old')));
    await using writer = must(await store.createWriter(`${directory}/f`));
    must(await writer.write(bytes('new ')));
    must(await writer.write(bytes('content')));
    assert.equal(text(must(await store.readFile(`${directory}/f`))), 'old');
    must(await writer.commit());
    assert.equal(text(must(await store.readFile(`${directory}/f`))), 'new content');
    mustFail(await writer.commit(), 'io');
  });

  it('a new file that is given up leaves nothing', async ({ store, directory }) => {
    const writer = must(await store.createWriter(`${directory}/f`));
    must(await writer.write(bytes('never seen')));
    await writer[Symbol.asyncDispose]();
    await writer[Symbol.asyncDispose]();
    assert.deepEqual(must(await store.list(directory)), []);
  });

  it('a file can be cut', async ({ store, directory }) => {
    must(await store.writeFile(`${directory}/f`, bytes('0123456789')));
    must(await store.truncate(`${directory}/f`, 4));
    assert.equal(text(must(await store.readFile(`${directory}/f`))), '0123');
    mustFail(await store.truncate(`${directory}/missing`, 0), 'not_found');
  });

  it('appending and cutting do not go through a link', async ({ store, directory, link }) => {
    must(await store.writeFile(`${directory}/victim`, bytes('untouched')));
    await link('victim', `${directory}/link`);
    mustFail(await store.appendFile(`${directory}/link`, bytes('x')), 'io');
    mustFail(await store.truncate(`${directory}/link`, 0), 'io');
    assert.equal(text(must(await store.readFile(`${directory}/victim`))), 'untouched');
    must(await store.writeFile(`${directory}/link`, bytes('instead')));
    assert.equal(must(await store.lstat(`${directory}/link`)).type, 'file');
    assert.equal(text(must(await store.readFile(`${directory}/victim`))), 'untouched');
  });
}
