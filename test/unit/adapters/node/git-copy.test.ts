import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import type { ScanOptions, WorkspaceSnapshot } from '../../../../src/ports/workspace-scanner.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { git, temporaryRepository } from '../../../support/git-repository.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** Two commits on main, a tag on each, and another branch. */
async function repositoryWithHistory() {
  const repository = await temporaryRepository();
  const disk = diskWorkspace(repository.path);
  await disk.write('a', 'one');
  await disk.write('run', '#!/bin/sh\n', { executable: true });
  await disk.link('link', 'a');
  await git(repository.path, 'add', '.');
  await git(repository.path, 'commit', '--quiet', '-m', 'first');
  await git(repository.path, 'tag', '-a', 'v1', '-m', 'one');
  await git(repository.path, 'branch', 'other');
  await disk.write('a', 'two');
  await git(repository.path, 'commit', '--quiet', '-am', 'second');
  await git(repository.path, 'tag', 'v2');
  return repository;
}

/** The snapshot as a machine gets it. */
async function arrived(snapshot: WorkspaceSnapshot, destination: string) {
  await using shell = new LocalShell();
  const { root, gitDirectory, entries, contents } = snapshot;
  const tree = { source: root, entries, contents, destination };
  const sent = await shell.uploadTree(gitDirectory === undefined ? tree : { ...tree, gitDirectory });
  sent._unsafeUnwrap();
}

async function inGuest(directory: string, options: ScanOptions) {
  const place = await temporaryDirectory();
  const scratch = await temporaryDirectory();
  const scanner = new GitWorkspaceScanner({ scratch: scratch.path });
  const snapshot = (await scanner.scan(directory, options))._unsafeUnwrap();
  const there = join(place.path, 'workspace');
  await arrived(snapshot, there);
  await scanner[Symbol.asyncDispose]();
  const left = readdirSync(scratch.path);
  await scratch[Symbol.asyncDispose]();
  return {
    git: (...args: string[]) => git(there, ...args),
    there,
    left,
    snapshot,
    ...{ [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() },
  };
}

async function refusal(directory: string, options: ScanOptions) {
  await using scanner = new GitWorkspaceScanner();
  return (await scanner.scan(directory, options))._unsafeUnwrapErr();
}

describe('the .git of a workspace', () => {
  it('is not there unless it is asked for', async () => {
    await using repository = await repositoryWithHistory();
    await using guest = await inGuest(repository.path, {});
    expect(guest.snapshot.entries.filter((entry) => entry.startsWith('.git'))).toEqual([]);
  });

  it('with all history answers status, log, describe and diff of any revision', async () => {
    await using repository = await repositoryWithHistory();
    await using guest = await inGuest(repository.path, { git: 'full' });
    expect(await guest.git('status', '--porcelain', '--branch')).toBe('## main');
    expect(await guest.git('log', '--format=%s')).toBe('second\nfirst');
    expect(await guest.git('describe', '--tags')).toBe('v2');
    expect(await guest.git('describe')).toMatch(/^v1-1-g/);
    expect(await guest.git('diff', '--stat', 'HEAD~1')).toMatch(/^a \| 2 \+-/);
    expect(await guest.git('branch', '--list', '--format=%(refname:short)')).toBe('main\nother');
    expect(await guest.git('rev-parse', 'HEAD')).toBe(await git(repository.path, 'rev-parse', 'HEAD'));
    await guest.git('fsck', '--full', '--strict');
    expect(guest.left).toEqual([]);
  });

  it('of one commit has that commit and its tags', async () => {
    await using repository = await repositoryWithHistory();
    await using guest = await inGuest(repository.path, { git: 'shallow' });
    expect(await guest.git('status', '--porcelain')).toBe('');
    expect(await guest.git('log', '--format=%s')).toBe('second');
    expect(await guest.git('describe', '--tags')).toBe('v2');
    expect(await guest.git('tag')).toBe('v2');
    expect(await guest.git('rev-parse', '--is-shallow-repository')).toBe('true');
    await guest.git('fsck', '--full');
  });

  it('shows what differs from the commit, and not what is left out', async () => {
    await using repository = await repositoryWithHistory();
    const disk = diskWorkspace(repository.path);
    await disk.write('a', 'three');
    await disk.write('new', 'x');
    await disk.remove('link');
    writeFileSync(Buffer.concat([Buffer.from(`${repository.path}/`), Buffer.from([0xe9])]), 'x');
    await git(repository.path, 'add', 'new');
    await using guest = await inGuest(repository.path, { git: 'full', exclude: ['run'] });
    expect((await guest.git('status', '--porcelain')).split('\n')).toEqual([
      'M a',
      ' D link',
      '?? new',
      '?? "\\351"',
    ]);
    expect(await git(repository.path, 'diff', '--cached', '--name-only')).toBe('new');
  });

  it('is the same for the same history, and another for another', async () => {
    await using repository = await repositoryWithHistory();
    await using scanner = new GitWorkspaceScanner();
    const hash = async (options: ScanOptions) =>
      (await scanner.scan(repository.path, options))._unsafeUnwrap().contentHash;
    const full = await hash({ git: 'full' });
    await using again = new GitWorkspaceScanner();
    expect((await again.scan(repository.path, { git: 'full' }))._unsafeUnwrap().contentHash).toBe(full);
    expect(await hash({ git: 'shallow' })).not.toBe(full);
    expect(await hash({})).not.toBe(full);
    await git(repository.path, 'tag', 'v3');
    expect(await hash({ git: 'full' })).not.toBe(full);
  });

  it('of what is not trusted has no other branches, and no tags from elsewhere', async () => {
    await using repository = await repositoryWithHistory();
    await git(repository.path, 'checkout', '--quiet', 'other');
    await using guest = await inGuest(repository.path, { git: 'full', onlyReachable: true });
    expect(await guest.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/other\nrefs/tags/v1');
    await expect(
      guest.git('cat-file', '-e', await git(repository.path, 'rev-parse', 'main')),
    ).rejects.toThrow();
    expect(await guest.git('status', '--porcelain')).toBe('');
  });

  it('copies neither credentials nor hooks, and of the settings what a status needs', async () => {
    await using repository = await repositoryWithHistory();
    const set = (name: string, value: string) => git(repository.path, 'config', name, value);
    await set('remote.origin.url', 'https://user:secret@example.com/a/b.git');
    await set('remote.token.url', 'https://secret@example.com/a/b.git');
    await set('remote.ssh.url', 'git@example.com:a/b.git');
    await set('remote.path.url', '/home/secret/b.git');
    await set('http.extraHeader', 'AUTHORIZATION: secret');
    await set('core.autocrlf', 'input');
    await set('core.sshCommand', 'secret');
    await using guest = await inGuest(repository.path, { git: 'full' });
    const config = readFileSync(join(guest.there, '.git/config'), 'utf8');
    expect(config).not.toContain('secret');
    expect(await guest.git('remote', 'get-url', 'origin')).toBe('https://example.com/a/b.git');
    expect(await guest.git('remote', 'get-url', 'ssh')).toBe('git@example.com:a/b.git');
    expect(await guest.git('remote')).toBe('origin\nssh\ntoken');
    expect(await guest.git('config', 'core.autocrlf')).toBe('input');
    expect(existsSync(join(guest.there, '.git/hooks'))).toBe(false);
    expect(existsSync(join(guest.there, '.git/objects/info/alternates'))).toBe(false);
  });

  it('is there before the first commit and with a detached HEAD', async () => {
    await using fresh = await temporaryRepository();
    await diskWorkspace(fresh.path).write('a', 'x');
    await using unborn = await inGuest(fresh.path, { git: 'full' });
    expect(await unborn.git('status', '--porcelain', '--branch')).toBe('## No commits yet on main\n?? a');
    await using repository = await repositoryWithHistory();
    await git(repository.path, 'checkout', '--quiet', '--detach');
    await using guest = await inGuest(repository.path, { git: 'shallow' });
    expect(await guest.git('status', '--porcelain', '--branch')).toBe('## HEAD (no branch)');
  });

  it('is taken of a linked work tree, of a shallow clone and of one that is sparse', async () => {
    await using repository = await repositoryWithHistory();
    await using place = await temporaryDirectory();
    const linked = join(place.path, 'linked "1"');
    await git(repository.path, 'worktree', 'add', '--quiet', linked, 'other');
    await using worktree = await inGuest(linked, { git: 'full' });
    expect(await worktree.git('status', '--porcelain', '--branch')).toBe('## other');
    const shallow = join(place.path, 'shallow');
    await git(place.path, 'clone', '--quiet', '--depth=1', `file://${repository.path}`, shallow);
    await using guest = await inGuest(shallow, { git: 'shallow' });
    expect(await guest.git('log', '--format=%s')).toBe('second');
    expect(await refusal(shallow, { git: 'full' })).toMatchObject({
      kind: 'git_failed',
      message: expect.stringContaining('git fetch --unshallow'),
    });
    const sparse = join(place.path, 'sparse');
    await git(place.path, 'clone', '--quiet', `file://${repository.path}`, sparse);
    await git(sparse, 'sparse-checkout', 'set', '--no-cone', 'a');
    await using partly = await inGuest(sparse, { git: 'shallow' });
    expect(partly.snapshot.entries).not.toContain('run');
    expect(await partly.git('status', '--porcelain')).toBe('');
  });

  it('is refused where it could not be whole', async () => {
    await using repository = await repositoryWithHistory();
    await using place = await temporaryDirectory();
    const why = async (directory: string, options: ScanOptions = { git: 'shallow' }) => {
      const { kind, message } = await refusal(directory, options);
      expect(kind).toBe('git_failed');
      return message;
    };
    expect(await why(place.path)).toContain('is in no git work tree');
    mkdirSync(join(repository.path, 'below'));
    expect(await why(join(repository.path, 'below'))).toContain('not the top of its git work tree');
    await git(repository.path, 'config', 'uploadpack.allowFilter', 'true');
    const partial = join(place.path, 'partial');
    await git(place.path, 'clone', '--quiet', '--filter=blob:none', `file://${repository.path}`, partial);
    expect(await why(partial)).toContain('is a partial clone');
  });

  it('is made without a change of the repository, which may be read-only', async () => {
    await using repository = await repositoryWithHistory();
    const state = () =>
      execFileSync('find', ['.git', '-printf', '%p %s %T@ %C@\n'], { cwd: repository.path }).toString();
    const before = state();
    await using guest = await inGuest(repository.path, { git: 'full' });
    expect(guest.snapshot.gitDirectory).toBeDefined();
    expect(state()).toBe(before);
  });

  it('is made anew when its copy has been removed meanwhile', async () => {
    await using repository = await repositoryWithHistory();
    await using scratch = await temporaryDirectory();
    await using scanner = new GitWorkspaceScanner({ scratch: scratch.path });
    const first = (await scanner.scan(repository.path, { git: 'full' }))._unsafeUnwrap();
    const [folder = ''] = readdirSync(scratch.path);
    renameSync(join(scratch.path, folder), join(scratch.path, 'away'));
    const second = (await scanner.scan(repository.path, { git: 'full' }))._unsafeUnwrap();
    expect(second.contentHash).toBe(first.contentHash);
    expect(second.gitDirectory).not.toBe(first.gitDirectory);
  });
});
