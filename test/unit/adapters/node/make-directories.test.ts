import { lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NodeFileStore } from '../../../../src/adapters/node/node-file-store.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

describe('making directories on this machine', () => {
  const files = new NodeFileStore();

  it.each(['/proc/pikaci-none', '/proc/self/pikaci/none', '/dev/fd/.pikaci'])(
    'says at once that none can be made at %s',
    async (path) => {
      const made = await files.makeDirectory(path);
      expect(made._unsafeUnwrapErr()).toMatchObject({ kind: 'io', path });
      expect(made._unsafeUnwrapErr().message).toMatch(/^no directory can be made in \//);
    },
  );

  it('makes all that is missing, over links and beside others who do the same', async () => {
    await using scratch = await temporaryDirectory();
    await mkdir(join(scratch.path, 'real'));
    await symlink('real', join(scratch.path, 'link'));
    const deep = join(scratch.path, 'link/a/b/c');
    for (const made of await Promise.all([1, 2, 3, 4].map(() => files.makeDirectory(deep, { mode: 0o700 }))))
      must(made);
    expect((await lstat(join(scratch.path, 'real/a/b/c'))).mode & 0o777).toBe(0o700);
  });

  it('takes no file and no link that leads nowhere for a directory', async () => {
    await using scratch = await temporaryDirectory();
    await writeFile(join(scratch.path, 'file'), '');
    await symlink('nowhere', join(scratch.path, 'dangling'));
    const kinds = ['file', 'file/below', 'dangling', 'dangling/below'].map(async (name) => {
      const made = await files.makeDirectory(join(scratch.path, name));
      return made._unsafeUnwrapErr().kind;
    });
    expect(await Promise.all(kinds)).toEqual([
      'already_exists',
      'not_a_directory',
      'already_exists',
      'already_exists',
    ]);
  });
});

it('says in words what the system has against a path', async () => {
  const files = new NodeFileStore();
  const message = async (path: string) => (await files.readFile(path))._unsafeUnwrapErr().message;
  expect(await message('/no/such/file')).toBe('no such file or directory');
  expect(await message('/dev/null/x')).toBe('not a directory');
  expect((await files.remove('/proc/self'))._unsafeUnwrapErr().message).toMatch(/^[a-z ]+$/);
});
