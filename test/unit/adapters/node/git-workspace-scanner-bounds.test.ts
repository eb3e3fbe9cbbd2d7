import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { TreeHashThread } from '../../../../src/adapters/node/tree-hash-thread.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { temporaryRepository } from '../../../support/git-repository.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

function fill(directory: string, folders: number, filesEach: number) {
  for (let folder = 0; folder < folders; folder += 1) {
    mkdirSync(join(directory, `d${folder}`));
    for (let file = 0; file < filesEach; file += 1) {
      writeFileSync(join(directory, `d${folder}/f${file}`), `${folder} ${file}`);
      utimesSync(join(directory, `d${folder}/f${file}`), 1, 1);
    }
  }
}

/** An empty file that claims 64 GiB: reading it takes much longer than any test does. */
async function endlessFile(path: string) {
  await writeFile(path, '');
  await truncate(path, 64 * 1024 ** 3);
}

describe('a large tree', () => {
  it('of 10,000 files is named by its content, and the event loop goes on meanwhile', async () => {
    await using repository = await temporaryRepository();
    fill(repository.path, 100, 100);
    await using scanner = new GitWorkspaceScanner();
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 1);
    const scans = await Promise.all([scanner.scan(repository.path), scanner.scan(repository.path)]);
    clearInterval(ticking);
    const [first, second] = scans.map((result) => result._unsafeUnwrap());
    expect(first?.entries).toHaveLength(10_000);
    expect(second).toEqual(first);
    expect(ticks).toBeGreaterThan(20);
    await diskWorkspace(repository.path).write('d50/f50', 'changed');
    expect((await scanner.scan(repository.path))._unsafeUnwrap().contentHash).not.toBe(first?.contentHash);
  }, 60_000);

  it('has the same hash read on the spot and read by the thread', async () => {
    await using small = await temporaryDirectory();
    await using scanner = new GitWorkspaceScanner({ exclude: ['padding'] });
    fill(small.path, 10, 10);
    const onTheSpot = (await scanner.scan(small.path))._unsafeUnwrap();
    await using repository = await temporaryRepository();
    fill(repository.path, 10, 10);
    for (let n = 0; n < 300; n += 1) await diskWorkspace(repository.path).write(`padding/${n}`, 'x');
    const byTheThread = (await scanner.scan(repository.path))._unsafeUnwrap();
    expect(byTheThread.entries).toEqual(onTheSpot.entries);
    expect(byTheThread.contentHash).toBe(onTheSpot.contentHash);
  });
});

describe('a scan that is cancelled', () => {
  it('in the middle of a huge file ends, and the next one has its turn', async () => {
    await using directory = await temporaryDirectory();
    await using other = await temporaryDirectory();
    await endlessFile(join(directory.path, 'endless'));
    fill(other.path, 3, 3);
    await using thread = new TreeHashThread();
    const request = (root: string) => ({ root, paths: null, exclude: [] });
    const abort = new AbortController();
    const first = thread.hash(request(directory.path), { signal: abort.signal, timeoutMs: 600_000 });
    const next = thread.hash(request(other.path), { timeoutMs: 600_000 });
    abort.abort();
    expect(await first).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } });
    expect(await next).toMatchObject({ kind: 'hashed', entries: { length: 9 } });
  });

  it('by its time limit says so, and the scanner goes on working', async () => {
    await using directory = await temporaryDirectory();
    await using other = await temporaryDirectory();
    await endlessFile(join(directory.path, 'endless'));
    fill(other.path, 1, 3);
    await using scanner = new GitWorkspaceScanner({ readTimeoutMs: 50 });
    const fault = (await scanner.scan(directory.path))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'unreadable', message: expect.stringContaining('50 ms') });
    expect((await scanner.scan(other.path))._unsafeUnwrap().entries).toHaveLength(3);
  });

  it('by closing the scanner fails instead of hanging, and so does a later one', async () => {
    await using directory = await temporaryDirectory();
    await endlessFile(join(directory.path, 'endless'));
    const scanner = new GitWorkspaceScanner();
    const scan = scanner.scan(directory.path);
    await scanner[Symbol.asyncDispose]();
    const closed = { kind: 'unreadable', message: 'the scanner was closed' };
    expect((await scan)._unsafeUnwrapErr()).toMatchObject(closed);
    expect((await scanner.scan(directory.path))._unsafeUnwrapErr()).toMatchObject(closed);
  });

  it('by closing the thread at work fails instead of hanging', async () => {
    await using directory = await temporaryDirectory();
    await endlessFile(join(directory.path, 'endless'));
    const thread = new TreeHashThread();
    const answer = thread.hash({ root: directory.path, paths: null, exclude: [] }, { timeoutMs: 600_000 });
    await thread[Symbol.asyncDispose]();
    expect(await answer).toMatchObject({ kind: 'fault', fault: { kind: 'unreadable' } });
  });
});

describe('a git that does not answer as it should', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  async function withGit(directory: string, script: string) {
    await diskWorkspace(directory).write('bin/git', `#!/bin/sh\n${script}\n`, { executable: true });
    process.env['PATH'] = `${directory}/bin:${path}`;
  }

  it('says what to do when the repository belongs to another user', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    await withGit(tools.path, `echo "fatal: detected dubious ownership in repository at '/x'" >&2; exit 128`);
    await using scanner = new GitWorkspaceScanner();
    const fault = (await scanner.scan(repository.path))._unsafeUnwrapErr();
    expect(fault.kind).toBe('git_failed');
    expect(fault.message).toContain('belongs to another user');
    expect(fault.message).toContain('safe.directory');
  });

  it('and leaves a directory out that it could not read is a fault that names it', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    await withGit(tools.path, `echo "warning: could not open directory 'a/b/': Permission denied" >&2`);
    await using scanner = new GitWorkspaceScanner();
    const fault = (await scanner.scan(repository.path))._unsafeUnwrapErr();
    expect(fault).toEqual({
      kind: 'unreadable',
      path: 'a/b',
      message:
        'the directory a/b could not be read: Permission denied; make it readable, or leave it out (workspace.exclude)',
    });
  });

  it('is ended when it takes too long', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    await withGit(tools.path, 'exec sleep 600');
    await using scanner = new GitWorkspaceScanner({ gitTimeoutMs: 50 });
    const fault = (await scanner.scan(repository.path))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'git_failed', message: expect.stringContaining('50 ms') });
  });

  it('is ended when the caller cancels', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    await withGit(tools.path, 'exec sleep 600');
    await using scanner = new GitWorkspaceScanner();
    const abort = new AbortController();
    const scan = scanner.scan(repository.path, { signal: abort.signal });
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    abort.abort();
    expect((await scan)._unsafeUnwrapErr().kind).toBe('aborted');
  });

  it('is needed for a repository, and not for a directory without one', async () => {
    await using tools = await temporaryDirectory();
    await using repository = await temporaryRepository();
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', 'x');
    await mkdir(join(repository.path, 'folder'));
    process.env['PATH'] = tools.path;
    await using scanner = new GitWorkspaceScanner();
    const fault = (await scanner.scan(join(repository.path, 'folder')))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'git_failed', message: expect.stringContaining('install git') });
    expect((await scanner.scan(directory.path))._unsafeUnwrap().entries).toEqual(['a']);
  });

  it("is not led astray by a hook's environment", async () => {
    await using repository = await temporaryRepository();
    await using other = await temporaryRepository();
    await diskWorkspace(repository.path).write('a', 'x');
    process.env['GIT_DIR'] = join(other.path, '.git');
    process.env['GIT_WORK_TREE'] = other.path;
    await using scanner = new GitWorkspaceScanner();
    const result = await scanner.scan(repository.path);
    delete process.env['GIT_DIR'];
    delete process.env['GIT_WORK_TREE'];
    expect(result._unsafeUnwrap().entries).toEqual(['a']);
  });
});
