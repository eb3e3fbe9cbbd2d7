import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { git, temporaryRepository } from '../../../support/git-repository.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

async function scan(directory: string, exclude: readonly string[]) {
  await using scanner = new GitWorkspaceScanner();
  return scanner.scan(directory, { exclude });
}

function writeOddName(directory: string) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), '');
}

describe('what patterns leave out of a workspace', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  it('is left out where there is no git, whatever it is called', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('kept/a', 'x');
    writeOddName(`${directory.path}/data/deep`);
    writeOddName(`${directory.path}/kept/data`);
    const snapshot = await scan(directory.path, ['**/data/**', '!kept/b']);
    expect(snapshot._unsafeUnwrap().entries).toEqual(['kept/a']);
    const open = await scan(directory.path, ['**/data/**', '!data/deep/x']);
    expect(open._unsafeUnwrap().entries).toEqual(['kept/a']);
    const whole = await scan(directory.path, ['kept/data']);
    expect(whole._unsafeUnwrap().entries).toEqual(['data/deep/\udcff', 'kept/a']);
    const character = await scan(directory.path, ['**/deep/?', 'kept/*/*']);
    expect(character._unsafeUnwrap().entries).toEqual(['kept/a']);
  });

  it('is left out in git as well, tracked or not, and out of what has changed', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    for (const name of ['a', 'fixtures/big', 'fixtures/small']) await disk.write(name, 'x');
    await git(repository.path, 'add', '.');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    await disk.write('fixtures/new', 'y');
    await disk.write('b', 'y');
    const exclude = ['fixtures', '!fixtures/small'];
    expect((await scan(repository.path, exclude))._unsafeUnwrap().entries).toEqual([
      'a',
      'b',
      'fixtures/small',
    ]);
    await using scanner = new GitWorkspaceScanner();
    const changed = await scanner.changedSince(repository.path, 'HEAD', { exclude });
    expect(changed._unsafeUnwrap()).toEqual(['b']);
  });

  it('may be another repository, which nobody asks then', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('a', 'x');
    await disk.write('vendor/other/.git', 'gitdir: /nowhere');
    await git(repository.path, 'add', 'a');
    await git(
      repository.path,
      'update-index',
      '--add',
      '--cacheinfo',
      `160000,${'1'.repeat(40)},vendor/other`,
    );
    expect((await scan(repository.path, ['vendor']))._unsafeUnwrap().entries).toEqual(['a']);
    expect((await scan(repository.path, []))._unsafeUnwrapErr().kind).toBe('git_failed');
  });

  it('may be unreadable; all else that is, is named with what to do', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    const warnings = ['data/pg', 'secret'].map(
      (name) => `echo "warning: could not open directory 'app/${name}/': Permission denied" >&2`,
    );
    // Git names directories from the top of the repository, wherever it was asked.
    const script = `case "$*" in *show-prefix*) echo app/ ;; *rev-parse*HEAD* | *symbolic-ref*) exit 1 ;; *) ${warnings.join('; ')} ;; esac`;
    await diskWorkspace(tools.path).write('bin/git', `#!/bin/sh\n${script}\n`, { executable: true });
    mkdirSync(`${repository.path}/app`);
    process.env['PATH'] = `${tools.path}/bin:${path}`;
    const fault = (await scan(`${repository.path}/app`, ['data']))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'unreadable', path: 'app/secret' });
    expect(fault.message).toContain('workspace.exclude');
    expect((await scan(`${repository.path}/app`, ['data', 'sec*/']))._unsafeUnwrap().entries).toEqual([]);
  });
});
