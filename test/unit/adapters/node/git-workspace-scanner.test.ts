import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, lutimes, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  GitWorkspaceScanner,
  type GitWorkspaceScannerOptions,
} from '../../../../src/adapters/node/git-workspace-scanner.js';
import { diskWorkspace } from '../../../support/disk-workspace.js';
import { git, temporaryRepository } from '../../../support/git-repository.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

async function scan(directory: string, options?: GitWorkspaceScannerOptions) {
  await using scanner = new GitWorkspaceScanner(options);
  return (await scanner.scan(directory))._unsafeUnwrap();
}

async function revision(directory: string) {
  await using scanner = new GitWorkspaceScanner();
  return (await scanner.revision(directory))._unsafeUnwrap();
}

describe('in a git work tree', () => {
  it('takes tracked and untracked files, and neither ignored nor deleted ones', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('.gitignore', 'build/\n*.log\n');
    await disk.write('kept', 'tracked');
    await disk.write('gone', 'tracked');
    await disk.write('folder/gone', 'tracked');
    await disk.write('forced.log', 'tracked although ignored');
    await git(repository.path, 'add', '--force', '.');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    await disk.write('build/output', 'ignored');
    await disk.write('debug.log', 'ignored');
    await disk.write('new', 'untracked');
    await disk.remove('gone');
    await disk.remove('folder');
    await disk.write('folder', 'a file where a directory was');
    const snapshot = await scan(repository.path);
    expect(snapshot.entries).toEqual(['.gitignore', 'folder', 'forced.log', 'kept', 'new']);
  });

  it('takes the same files from a folder as from the folder alone, with its own relative paths', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('.gitignore', 'ignored\n');
    await disk.write('above', 'not below the folder');
    await disk.write('folder/a', 'x');
    await disk.write('folder/ignored', 'x');
    await disk.write('folder/deep/b', 'y');
    await git(repository.path, 'add', 'folder/a');
    const snapshot = await scan(join(repository.path, 'folder'));
    expect(snapshot.entries).toEqual(['a', 'deep/b']);
    expect(snapshot.root).toBe(join(repository.path, 'folder'));
  });

  it('takes no bare repository that a commit holds as a folder for the one it is in', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await git(repository.path, 'commit', '--quiet', '--allow-empty', '-m', 'good');
    const good = await git(repository.path, 'rev-parse', 'HEAD');
    await git(repository.path, 'checkout', '--quiet', '-b', 'evil');
    await disk.write('app/config', '[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n');
    await disk.write('app/HEAD', 'ref: refs/heads/main\n');
    await disk.write('app/refs/heads/main', `${good}\n`);
    await cp(join(repository.path, '.git/objects'), join(repository.path, 'app/objects'), {
      recursive: true,
    });
    const app = join(repository.path, 'app');
    expect(await git(app, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('main');
    await using scanner = new GitWorkspaceScanner();
    for (const asked of [await scanner.revision(app), await scanner.scan(app)])
      expect(asked._unsafeUnwrapErr()).toMatchObject({
        kind: 'git_failed',
        message: expect.stringContaining('cannot use bare repository'),
      });
  });

  it('says which commit is checked out and whether there is anything beside it', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    expect(await revision(repository.path)).toEqual({ head: null, dirty: false, branch: 'main' });
    await disk.write('a', 'x');
    expect(await revision(repository.path)).toEqual({ head: null, dirty: true, branch: 'main' });
    await git(repository.path, 'add', 'a');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    const head = await git(repository.path, 'rev-parse', 'HEAD');
    expect(await revision(repository.path)).toEqual({ head, dirty: false, branch: 'main' });
    await disk.write('.pikaci/runs/r/run.json', '{}');
    expect(await revision(repository.path)).toEqual({ head, dirty: false, branch: 'main' });
    await disk.write('a', 'y');
    expect(await revision(repository.path)).toEqual({ head, dirty: true, branch: 'main' });
  });

  it('takes the own files of a submodule and of a repository that lies in the tree', async () => {
    await using repository = await temporaryRepository();
    await using other = await temporaryRepository();
    const source = diskWorkspace(other.path);
    await source.write('.gitignore', 'ignored\n');
    await source.write('tracked', 'x');
    await git(other.path, 'add', '.');
    await git(other.path, 'commit', '--quiet', '-m', 'first');
    await git(repository.path, 'submodule', '--quiet', 'add', other.path, 'module');
    await git(repository.path, 'submodule', '--quiet', 'add', other.path, 'absent');
    await git(repository.path, 'submodule', '--quiet', 'deinit', '--force', 'absent');
    await git(repository.path, 'clone', '--quiet', other.path, 'nested');
    const disk = diskWorkspace(repository.path);
    await git(repository.path, 'add', '.');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    await disk.write('module/ignored', 'x');
    expect((await revision(repository.path))?.dirty).toBe(false);
    await disk.write('module/new', 'x');
    expect((await revision(repository.path))?.dirty).toBe(true);
    const snapshot = await scan(repository.path);
    expect(snapshot.entries).toEqual([
      '.gitmodules',
      'module/.gitignore',
      'module/new',
      'module/tracked',
      'nested/.gitignore',
      'nested/tracked',
    ]);
  });

  it('takes a file with merge conflicts once', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    const commit = async (content: string) => {
      await disk.write('a', content);
      await git(repository.path, 'add', 'a');
      await git(repository.path, 'commit', '--quiet', '-m', content);
    };
    await commit('base');
    await git(repository.path, 'checkout', '--quiet', '-b', 'other');
    await commit('theirs');
    await git(repository.path, 'checkout', '--quiet', 'main');
    await commit('ours');
    await expect(git(repository.path, 'merge', 'other')).rejects.toThrow();
    expect((await scan(repository.path)).entries).toEqual(['a']);
  });

  it('does not follow a link that took the place of a tracked directory', async () => {
    await using repository = await temporaryRepository();
    await using outside = await temporaryDirectory();
    const disk = diskWorkspace(repository.path);
    await disk.write('folder/a', 'x');
    await git(repository.path, 'add', '.');
    await diskWorkspace(outside.path).write('a', 'secret');
    await disk.link('folder', outside.path);
    expect((await scan(repository.path)).entries).toEqual(['folder']);
  });

  it('takes every file of a folder that the repository around it ignores as a whole', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('.gitignore', 'build/\n');
    await disk.write('build/a', 'x');
    const snapshot = await scan(join(repository.path, 'build'));
    expect([snapshot.entries, await revision(join(repository.path, 'build'))]).toEqual([['a'], null]);
  });

  it("runs nothing that the repository's configuration names", async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('a', 'x');
    await disk.write('.git/evil', `#!/bin/sh\ntouch '${repository.path}/ran'\n`, { executable: true });
    await git(repository.path, 'config', 'core.fsmonitor', `${repository.path}/.git/evil`);
    await git(repository.path, 'config', 'core.pager', `${repository.path}/.git/evil`);
    expect((await scan(repository.path)).entries).toEqual(['a']);
    expect(existsSync(join(repository.path, 'ran'))).toBe(false);
  });

  it('runs no filter that the repository brings with it to see whether a file has changed', async () => {
    await using repository = await temporaryRepository();
    const disk = diskWorkspace(repository.path);
    await disk.write('a', 'x');
    await git(repository.path, 'add', '.');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    await disk.write('.git/info/attributes', '* filter=e=vil\n');
    for (const kind of ['clean', 'process']) {
      await git(repository.path, 'config', `filter.e=vil.${kind}`, `touch '${repository.path}/ran'; cat`);
    }
    await git(repository.path, 'config', 'filter.e=vil.required', 'true');
    await disk.write('a', 'y');
    expect((await revision(repository.path))?.dirty).toBe(true);
    expect(existsSync(join(repository.path, 'ran'))).toBe(false);
  });
});

describe('without git', () => {
  it('takes every file, hidden ones too, but neither .git nor .pikaci', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    for (const path of [
      '.hidden',
      '.pikaci/runs/r/run.json',
      'a/.git/config',
      'a/b',
      'a/.pikaci/x',
      'a.pikaci',
    ]) {
      await disk.write(path, 'x');
    }
    await disk.write('.gitignore', 'a\n');
    const snapshot = await scan(directory.path);
    expect(snapshot.entries).toEqual(['.gitignore', '.hidden', 'a.pikaci', 'a/b']);
    expect(await revision(directory.path)).toBeNull();
  });

  it('leaves out what the caller excludes, by name and by place', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    for (const path of ['out/x', 'a/out/x', 'state/x', 'a/state/x', 'a/deep/x', 'a/deeper'])
      await disk.write(path, 'x');
    const snapshot = await scan(directory.path, { exclude: ['out', '/state', 'a/deep/'] });
    expect(snapshot.entries).toEqual(['a/deeper', 'a/state/x']);
  });

  it('takes links as links: dangling, to directories, absolute, in a circle', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    await disk.write('folder/a', 'x');
    await disk.link('dangling', 'nowhere');
    await disk.link('to-folder', 'folder');
    await disk.link('root', '/');
    await disk.link('self', 'self');
    const snapshot = await scan(directory.path);
    expect(snapshot.entries).toEqual(['dangling', 'folder/a', 'root', 'self', 'to-folder']);
    expect(snapshot.totalBytes).toBe(1);
  });

  it('passes over sockets and FIFOs without waiting for them', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', 'x');
    execFileSync('mkfifo', [join(directory.path, 'fifo')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory.path, 'socket'), resolve));
    const snapshot = await scan(directory.path);
    await new Promise((resolve) => server.close(resolve));
    expect(snapshot.entries).toEqual(['a']);
  });

  it('resolves the directory it is given, and names the canonical one', async () => {
    await using directory = await temporaryDirectory();
    await mkdir(join(directory.path, 'real'));
    await symlink('real', join(directory.path, 'link'));
    expect((await scan(join(directory.path, 'link'))).root).toBe(join(directory.path, 'real'));
  });

  it('says that a file is no directory', async () => {
    await using directory = await temporaryDirectory();
    await diskWorkspace(directory.path).write('a', 'x');
    await using scanner = new GitWorkspaceScanner();
    const fault = (await scanner.scan(join(directory.path, 'a')))._unsafeUnwrapErr();
    expect(fault.kind).toBe('not_found');
  });
});

for (const [where, make] of [
  ['in git', temporaryRepository],
  ['without git', temporaryDirectory],
] as const) {
  it(`keeps odd names as they are, ${where}`, async () => {
    await using directory = await make();
    const names = [
      'line\nbreak',
      'tab\there',
      '"quoted"',
      "it's",
      'back\\slash',
      '-dash',
      '\u00e4\u{1f600}',
      ' ',
      '\u007f',
    ];
    for (const name of names) await diskWorkspace(directory.path).write(name, 'x');
    const { entries } = await scan(directory.path);
    expect([...entries].sort()).toEqual([...names].sort());
  });

  it(`takes names that are not UTF-8 by their bytes, in whose order they are, ${where}`, async () => {
    await using directory = await make();
    const odd = (...bytes: number[]) =>
      Buffer.concat([Buffer.from(`${directory.path}/`), Buffer.from(bytes)]);
    await mkdir(odd(0xe9));
    await writeFile(odd(0xe9, 0x2f, 0xff), 'x');
    await writeFile(odd(0x63, 0xe9), 'one');
    await writeFile(odd(0x63, 0xea), 'two');
    await diskWorkspace(directory.path).write('\u{1f600}', 'x');
    const snapshot = await scan(directory.path);
    expect(snapshot.entries).toEqual(['c\udce9', 'c\udcea', '\udce9/\udcff', '\u{1f600}']);
    expect(snapshot.totalBytes).toBe(8);
    await rename(odd(0x63, 0xe9), odd(0x63, 0xeb));
    expect((await scan(directory.path)).contentHash).not.toBe(snapshot.contentHash);
  });
}

describe('what must not be sent', () => {
  it('is nothing at all where a .gitignore of * stands at the top', async () => {
    await using repository = await temporaryRepository();
    await diskWorkspace(repository.path).write('.gitignore', '*\n');
    await diskWorkspace(repository.path).write('private', 'x');
    expect((await scan(repository.path)).entries).toEqual([]);
  });

  it('is a directory that is excluded by another spelling, there or not yet', async () => {
    await using directory = await temporaryDirectory();
    await using links = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    await disk.write('a', 'x');
    await disk.write('real/state/log', 'x');
    await symlink(directory.path, join(links.path, 'workspace'));
    await disk.link('link', 'real');
    for (const spelt of [
      join(links.path, 'workspace/real/state'),
      `${directory.path}/./real/../real/state`,
      join(directory.path, 'link/state'),
    ]) {
      await using scanner = new GitWorkspaceScanner({ excludeDirectories: [spelt] });
      const snapshot = (await scanner.scan(join(links.path, 'workspace')))._unsafeUnwrap();
      expect(snapshot.entries).toEqual(['a', 'link']);
    }
    await using scanner = new GitWorkspaceScanner({
      excludeDirectories: [join(links.path, 'workspace/later/state')],
    });
    await disk.write('later/state/log', 'x');
    expect((await scanner.scan(directory.path))._unsafeUnwrap().entries).not.toContain('later/state/log');
  });
});

describe('the content hash', () => {
  it('does not change with the times of links, nor with permissions other than the owner being able to execute', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    await disk.write('a', 'x');
    await disk.link('l', 'a');
    const before = await scan(directory.path);
    await lutimes(join(directory.path, 'l'), 1, 1);
    await chmod(join(directory.path, 'a'), 0o655);
    expect(await scan(directory.path)).toEqual(before);
    await chmod(join(directory.path, 'a'), 0o744);
    expect((await scan(directory.path)).contentHash).not.toBe(before.contentHash);
  });

  it('changes with the time of a file, to the nanosecond', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    await disk.write('a', 'x', { mtimeNs: '1700000000000000001' });
    const before = await scan(directory.path);
    await disk.write('a', 'x', { mtimeNs: '1700000000000000002' });
    expect((await scan(directory.path)).contentHash).not.toBe(before.contentHash);
  });

  it('is the same for a tree in git and one without', async () => {
    await using repository = await temporaryRepository();
    await using directory = await temporaryDirectory();
    for (const { path } of [repository, directory])
      await diskWorkspace(path).write('a/b', 'x', { mtimeNs: '1000000000' });
    expect((await scan(repository.path)).contentHash).toBe((await scan(directory.path)).contentHash);
  });

  it('is the documented one for a known tree', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    await disk.write('a', 'content\n', { mtimeNs: '1700000000000000001' });
    await disk.write('b', '', { executable: true, mtimeNs: '1000000000' });
    await disk.link('c', 'a');
    // By a shell, from the description at `hashTree`.
    const script = `s() { printf "$1" | sha256sum | cut -c1-64; }
      { printf 'pikaci-workspace-2\\0f 1 8 1700000000000000001 %s\\0a' "$(s 'content\\n')"
        printf 'x 1 0 1000000000 %s\\0bl 1 1 0 %s\\0c' "$(s '')" "$(s a)"; } | sha256sum`;
    const expected = execFileSync('sh', ['-c', script]);
    expect((await scan(directory.path)).contentHash).toBe(expected.toString().slice(0, 64));
  });

  it('sees one changed byte in a file of many megabytes', async () => {
    await using directory = await temporaryDirectory();
    const disk = diskWorkspace(directory.path);
    const content = Buffer.alloc(5 * 1024 * 1024 + 17, 'x');
    await disk.write('large', content);
    const before = await scan(directory.path);
    expect(before.totalBytes).toBe(content.length);
    content[content.length - 1] = 0;
    await disk.write('large', content);
    expect((await scan(directory.path)).contentHash).not.toBe(before.contentHash);
  });
});
