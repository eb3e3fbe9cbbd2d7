import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

const edit = `echo changed >a/file && echo new >a/new && rm gone && mkdir top && cat a/file; grep -c " $PWD overlay" /proc/mounts`;

describe.each(guestShells())('a workspace prepared by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  function snapshot(uid: number): void {
    guest = new GuestMachine(shell, { accounts: true });
    for (const directory of ['', 'a']) mkdirSync(join(guest.workspace, directory), { recursive: true });
    for (const file of ['a/file', 'gone']) writeFileSync(join(guest.workspace, file), 'as it was\n');
    for (const path of ['a/file', 'gone', 'a', '']) chownSync(join(guest.workspace, path), uid, uid);
  }

  function expectUntouched(): void {
    expect(readFileSync(join(guest.workspace, 'a/file'), 'utf8')).toBe('as it was\n');
    expect(existsSync(join(guest.workspace, 'gone'))).toBe(true);
    expect(existsSync(join(guest.workspace, 'top'))).toBe(false);
  }

  it('is made when there is none', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'touch it && echo wrote', writable_workspace: true }).ended;
    expect(ended.stdout.toString()).toBe('wrote\n');
    expect(statSync(guest.workspace).isDirectory()).toBe(true);
  });

  it('cannot be used where a file has its name', async () => {
    guest = new GuestMachine(shell);
    writeFileSync(guest.workspace, '');
    const ended = await guest.run({}).ended;
    expect(guest.statusOf(ended).result).toMatchObject({ status: 'failed', exit_code: null, cause: 'setup' });
  });

  it('has a .git that git is told to use, beside what the job has of such settings', async () => {
    guest = new GuestMachine(shell);
    const command = 'env | grep ^GIT_CONFIG_ | sort';
    const without = await guest.run({ command: `${command}; echo none` }).ended;
    expect(without.stdout.toString()).toBe('none\n');
    await guest.remove();
    guest = new GuestMachine(shell);
    mkdirSync(join(guest.workspace, '.git'), { recursive: true });
    writeFileSync(join(guest.workspace, '.git/HEAD'), 'ref: refs/heads/main\n');
    const alone = await guest.run({ command }).ended;
    expect(alone.stdout.toString().split('\n')).toEqual([
      'GIT_CONFIG_COUNT=1',
      'GIT_CONFIG_KEY_0=safe.directory',
      `GIT_CONFIG_VALUE_0=${guest.workspace}`,
      '',
    ]);
    await guest.remove();
    guest = new GuestMachine(shell);
    mkdirSync(join(guest.workspace, '.git'), { recursive: true });
    writeFileSync(join(guest.workspace, '.git/HEAD'), 'ref: refs/heads/main\n');
    const environment = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b', GIT_CONFIG_VALUE_0: 'c' };
    const beside = await guest.run({ command, environment }).ended;
    expect(beside.stdout.toString().split('\n')).toEqual([
      'GIT_CONFIG_COUNT=2',
      'GIT_CONFIG_KEY_0=a.b',
      'GIT_CONFIG_KEY_1=safe.directory',
      'GIT_CONFIG_VALUE_0=c',
      `GIT_CONFIG_VALUE_1=${guest.workspace}`,
      '',
    ]);
  });

  if (isRoot) {
    it('is an overlay when the job may change what is below, and the files below stay as they were', async () => {
      snapshot(1000);
      const ended = await guest.run({ command: edit, run_as_root: false, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('changed\n1\n');
      expectUntouched();
    });

    it('has directories that rename() moves as a whole, whoever the job is', async () => {
      for (const [uid, run_as_root] of [
        [1000, false],
        [4711, false],
        [4711, true],
      ] as const) {
        snapshot(uid);
        const command = `perl -e 'rename("a", "b") or die "$!\n"'; cat b/file; ls`;
        const ended = await guest.run({ command, run_as_root, writable_workspace: true }).ended;
        expect(ended.stdout.toString()).toBe('as it was\nb\ngone\n');
        expectUntouched();
        await guest.remove();
      }
    });

    it('is an overlay for root whoever owns the files', async () => {
      snapshot(4711);
      const ended = await guest.run({ command: edit, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('changed\n1\n');
      expectUntouched();
    });

    it('is an overlay without a look at each file: they are of one user, whom its top tells', async () => {
      snapshot(1000);
      mkdirSync(join(guest.workspace, 'a/deep'));
      writeFileSync(join(guest.workspace, 'a/deep/other'), '');
      chownSync(join(guest.workspace, 'a/deep/other'), 65534, 65534);
      const ended = await guest.run({ command: edit, run_as_root: false, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('changed\n1\n');
    });

    it('is a copy when the files belong to somebody else', async () => {
      snapshot(65534);
      chmodSync(join(guest.workspace, 'a/file'), 0o644);
      const ended = await guest.run({ command: edit, run_as_root: false, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('changed\n0\n');
      expectUntouched();
    });

    it('stands beside directories of the job that are mounted read-only, and beside mounts below its home', async () => {
      guest = new GuestMachine(shell, { accounts: true, mounted: ['cargo-home', 'home/.cache/a b%/tool'] });
      const command = `cat "$CARGO_HOME/x" "$HOME/.cache/a b%/tool/x"; touch "$HOME/.cache/own" "$HOME/.cache/a b%/own" "$HOME/own" && echo wrote`;
      const ended = await guest.run({ command, run_as_root: false }).ended;
      expect(ended.stdout.toString()).toBe('from cargo-home\nfrom home/.cache/a b%/tool\nwrote\n');
    });

    it('has the directories of caches beside it: the user has all of them, and nothing that their links lead to', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const at = (...parts: string[]) => join(guest.root, ...parts);
      mkdirSync(at('kept', 'deep'), { recursive: true });
      writeFileSync(at('kept/deep/file'), 'of another user\n');
      writeFileSync(at('outside'), 'of root\n');
      symlinkSync(at('outside'), at('kept/link'));
      chownSync(at('kept'), 65534, 65534);
      const caches = [at('kept'), at('made'), at('home/.cache/a b%')];
      const command = `for d in "${caches.join('" "')}"; do touch "$d/own" && echo wrote; done; cat "${at('kept/deep/file')}"; touch "$HOME/.cache/own" && echo beside`;
      const ended = await guest.run({ command, run_as_root: false, cache_dirs: caches }).ended;
      expect(ended.stdout.toString()).toBe('wrote\nwrote\nwrote\nof another user\nbeside\n');
      const owner = statSync(at('kept/own')).uid;
      expect(owner).not.toBe(0);
      expect(statSync(at('kept/deep/file')).uid).toBe(owner);
      expect(statSync(at('outside')).uid).toBe(0);
    });

    it('is not begun with a cache where a file is', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const cache = join(guest.root, 'cache');
      writeFileSync(cache, '');
      const { result } = guest.statusOf(await guest.run({ run_as_root: false, cache_dirs: [cache] }).ended);
      expect(result).toMatchObject({ cause: 'setup', message: expect.stringContaining(cache) });
    });

    it('stays where it is when a directory of the job cannot be made: which one is said', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      writeFileSync(join(guest.root, 'cargo-target'), '');
      const { result } = guest.statusOf(await guest.run({ run_as_root: false }).ended);
      const directory = join(guest.root, 'cargo-target');
      expect(result).toMatchObject({
        cause: 'setup',
        message: `the directory ${directory} of the job cannot be created: ${directory} is not a directory`,
      });
    });

    it('stays as it is mounted unless it is to be writable', async () => {
      snapshot(65534);
      const ended = await guest.run({
        command: 'touch it 2>/dev/null || echo refused; cat a/file',
        run_as_root: false,
      }).ended;
      expect(ended.stdout.toString()).toBe('refused\nas it was\n');
    });

    it('fails the job when it can be made writable in no way', async () => {
      guest = new GuestMachine(shell, { namespace: ['/usr/bin/setpriv', '--bounding-set', '-sys_admin'] });
      mkdirSync(guest.workspace);
      const ended = await guest.run({ command: 'echo ran', writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('');
      expect(guest.statusOf(ended).result).toMatchObject({
        status: 'failed',
        cause: 'setup',
        message: 'the workspace can neither be overlaid nor have a copy mounted over it',
      });
    });

    it('is an overlay inside a user namespace when it is large, where rename() does not move its directories, and mv does', async () => {
      guest = new GuestMachine(shell, { namespace: ['unshare', '-U', '-r', '-m'] });
      for (let folder = 0; folder < 101; folder++) {
        const directory = join(guest.workspace, `d${folder}`);
        mkdirSync(directory, { recursive: true });
        for (let file = 0; file < 200; file++) writeFileSync(join(directory, `f${file}`), '');
      }
      const command = `perl -e 'rename("d1", "e1") or print "$!\n"'; mv d2 e2 && ls e2 | wc -l; mkdir new && perl -e 'rename("new", "made") or die' && ls -d made
        awk -v place="$PWD" '$2 == place { print $3 }' /proc/mounts`;
      const ended = await guest.run({ command, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toBe('Invalid cross-device link\n200\nmade\noverlay\n');
      expect(existsSync(join(guest.workspace, 'd1/f0'))).toBe(true);
      expect(existsSync(join(guest.workspace, 'd2/f0'))).toBe(true);
    });

    it('is an overlay inside a user namespace too, as in an unprivileged container', async () => {
      const probe =
        'mount -t tmpfs none /mnt && mkdir /mnt/l /mnt/u /mnt/w && mount -t overlay o -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w,userxattr /mnt/l';
      execFileSync('unshare', ['-U', '-r', '-m', 'sh', '-c', probe]);
      guest = new GuestMachine(shell, { namespace: ['unshare', '-U', '-r', '-m'] });
      mkdirSync(join(guest.workspace, 'a'), { recursive: true });
      for (const file of ['a/file', 'gone']) writeFileSync(join(guest.workspace, file), 'as it was\n');
      const ended = await guest.run({ command: edit, writable_workspace: true }).ended;
      expect(ended.stdout.toString()).toMatch(/^changed\n[01]\n$/);
      expectUntouched();
    });
  }
});
