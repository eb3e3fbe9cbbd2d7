import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';
import { SmallDisk } from '../../support/small-disk.js';

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const owner = (path: string) => lstatSync(path).uid;

/** A tar as the library makes it, with names that it would never have when a prefix is given. */
function tarOf(directory: string, ...options: string[]): Buffer {
  return execFileSync('tar', ['-C', directory, '-cf', '-', ...options, '.'], { maxBuffer: 1e8 });
}

// Files get owners here.
describe.runIf(isRoot).each(guestShells())('what is sent to a machine with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const machine = () => {
    guest = new GuestMachine(shell, { accounts: true });
    return guest;
  };
  const below = (...names: string[]) => join(guest.root, ...names);

  describe('a file', () => {
    it('arrives byte for byte, with its mode, its owner and its parents, as the first call of all', async () => {
      machine();
      const bytes = randomBytes(3_000_000);
      const path = below('new', 'deep er', "it's", 'file');
      const put = await guest.bring(['put', path, '751'], bytes).ended;
      expect([put.code, put.stdout.length, put.stderr]).toEqual([0, 0, '']);
      expect(readFileSync(path).equals(bytes)).toBe(true);
      expect([mode(path), owner(path)]).toEqual(['751', 1000]);
      for (const parent of ['new', 'new/deep er', "new/deep er/it's"])
        expect([mode(below(parent)), owner(below(parent))]).toEqual(['755', 1000]);
      expect(readdirSync(below('new', 'deep er', "it's"))).toEqual(['file']);
      expect(readFileSync(below('passwd'), 'utf8')).toMatch(/^pikaci:x:1000:1000:/m);
      const { code } = await guest.call(['status']);
      expect([code, existsSync(join(guest.state, 'pikaci-incus-run'))]).toEqual([0, true]);
    });

    it('stays as it is with --new, where there is one already, or a link', async () => {
      machine();
      symlinkSync('/nowhere', below('link'));
      for (const [name, text] of [
        ['file', 'first'],
        ['file', 'second'],
        ['link', 'third'],
      ] as const) {
        const words = ['put', below(name), '644', '--size', String(text.length), '--new', '--root'];
        expect((await guest.bring(words, text).ended).code).toBe(0);
      }
      expect(readFileSync(below('file'), 'utf8')).toBe('first');
      expect(readlinkSync(below('link'))).toBe('/nowhere');
    });

    it('takes away what an upload left that was killed, and nothing of one that is under way', async () => {
      machine();
      const path = below('file');
      const parts = () => readdirSync(guest.root).filter((name) => name.startsWith('.pikaci-put.'));
      await guest.bring(['put', below('first'), '644'], 'x').ended;
      const dead = guest.startOpen(['put', path, '644']);
      while (parts().length === 0) await new Promise((resolve) => setImmediate(resolve));
      const [left] = parts();
      // Its name has the process that would take it away.
      process.kill(Number(left?.split('.')[2]), 'SIGKILL');
      await dead.ended;
      expect(parts()).toEqual([left]);
      const alive = guest.startOpen(['put', path, '644']);
      while (parts().includes(left ?? '')) await new Promise((resolve) => setImmediate(resolve));
      while (parts().length === 0) await new Promise((resolve) => setImmediate(resolve));
      const put = await guest.call(['put', below('another'), '644'], 'another');
      expect([put.code, parts().length]).toEqual([0, 1]);
      alive.child.stdin.end('whole');
      expect((await alive.ended).code).toBe(0);
      expect([readFileSync(path, 'utf8'), parts()]).toEqual(['whole', []]);
    });

    it.each(['SIGKILL', 'SIGTERM'] as const)(
      'leaves nothing where the first process of its call got %s, and the file that was there',
      async (signal) => {
        machine();
        await guest.bring(['put', below('file'), '644'], 'whole').ended;
        const call = guest.startOpen(['put', below('file'), '644', '--size', '9000']);
        call.child.stdin.write('x'.repeat(5000));
        const isPart = (name: string) => name.startsWith('.pikaci-put.');
        while (!readdirSync(guest.root).some(isPart)) await new Promise((resolve) => setImmediate(resolve));
        call.child.kill(signal);
        expect((await call.ended).stderr).toMatch(/^pikaci-incus-run: truncated: /);
        expect(readdirSync(guest.root).filter(isPart)).toEqual([]);
        expect(readFileSync(below('file'), 'utf8')).toBe('whole');
      },
    );

    it('is the owner’s who is named, and takes the place of another in one step', async () => {
      machine();
      const path = below('file');
      for (const [options, uid] of [
        [['--root'], 0],
        [['--user', 'nobody'], 65534],
        [[], 1000],
      ] as const) {
        writeFileSync(path, 'old');
        const open = execFileSync('sh', ['-c', 'exec 3<"$1"; shift; cat >/dev/null; cat <&3', 'sh', path], {
          input: '',
        });
        expect(open.toString()).toBe('old');
        const put = await guest.call(['put', path, '0600', ...options], `of ${uid}`);
        expect([put.code, put.stderr]).toEqual([0, '']);
        expect([readFileSync(path, 'utf8'), owner(path), mode(path)]).toEqual([`of ${uid}`, uid, '600']);
      }
    });

    it('may be empty, and in the place of a link it leaves alone what that leads to', async () => {
      machine();
      writeFileSync(below('victim'), 'untouched');
      symlinkSync(below('victim'), below('link'));
      expect((await guest.call(['put', below('link'), '644'])).code).toBe(0);
      expect([readFileSync(below('victim'), 'utf8'), readFileSync(below('link'), 'utf8')]).toEqual([
        'untouched',
        '',
      ]);
    });

    it('goes over a link of root’s, and not over one of a user’s', async () => {
      machine();
      mkdirSync(below('real'));
      symlinkSync(below('real'), below('of-root'));
      symlinkSync(below('real'), below('of-user'));
      execFileSync('chown', ['-h', '1000', below('of-user')]);
      expect((await guest.call(['put', below('of-root', 'a', 'b'), '644'], 'x')).code).toBe(0);
      const refused = await guest.call(['put', below('of-user', 'c'), '644', '--root'], 'x');
      expect([refused.code, refused.stderr]).toEqual([
        70,
        expect.stringMatching(/^pikaci-incus-run: setup: .+\n$/),
      ]);
      expect(readdirSync(below('real'))).toEqual(['a']);
    });

    it.each([
      ['relative', '644'],
      ['', '644'],
      ['/', '644'],
      ['/a/', '644'],
      ['/a//b', '644'],
      ['/a/../b', '644'],
      ['/a/.', '644'],
      ['/a\nb', '644'],
      ['/tmp/x', ''],
      ['/tmp/x', '8'],
      ['/tmp/x', 'u+s'],
      ['/tmp/x', '07777'],
      ['/tmp/x', '644', '--user'],
      ['/tmp/x', '644', '--user', 'a b'],
      ['/tmp/x', '644', '--user', '-x'],
      ['/tmp/x', '644', '--what'],
      ['/tmp/x', '644', '--root', 'x'],
      ['/tmp/x'],
    ])('is refused as %j %j %j %j', async (...words) => {
      machine();
      const ended = await guest.call(['put', ...words], 'x');
      expect([ended.code, ended.stderr]).toEqual([
        64,
        expect.stringMatching(/^pikaci-incus-run: usage: .+\n$/),
      ]);
    });

    it('cannot be a user’s whom the image lacks, nor stand where a directory does', async () => {
      machine();
      for (const words of [
        [below('file'), '644', '--user', 'missing'],
        [guest.root, '644'],
        [below('passwd', 'x'), '644'],
      ]) {
        const ended = await guest.call(['put', ...words], 'x');
        expect([ended.code, ended.stderr]).toEqual([
          70,
          expect.stringMatching(/^pikaci-incus-run: setup: .+\n$/),
        ]);
      }
      expect(readdirSync(guest.root).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(readFileSync(below('passwd'), 'utf8')).not.toContain('missing');
    });

    it('leaves nothing behind on a full disk, and what was there before stays', async () => {
      await using disk = await SmallDisk.open();
      guest = new GuestMachine(shell, { namespace: disk.namespace });
      disk.mount(guest.root, 'size=400k');
      expect((await guest.bring(['put', below('file'), '644', '--root'], 'old').ended).code).toBe(0);
      const full = await guest.bring(['put', below('file'), '644', '--root'], randomBytes(1_000_000)).ended;
      expect([full.code, full.stderr]).toEqual([
        70,
        expect.stringMatching(/^pikaci-incus-run: setup: .+\n$/),
      ]);
      expect(disk.sh('cd "$1" && ls -A && cat file', guest.root)).toBe('file\nstate\nold');
    });

    it('is not there when it has another size than was said', async () => {
      machine();
      for (const size of ['5', '7']) {
        const ended = await guest.call(['put', below('file'), '644', '--size', size, '--root'], 'a part');
        expect([ended.code, ended.stderr]).toEqual([
          65,
          expect.stringMatching(/^pikaci-incus-run: truncated: .+\n$/),
        ]);
        expect(readdirSync(guest.root)).not.toContain('file');
      }
      expect((await guest.call(['put', below('file'), '644', '--size', '6'], 'a part')).code).toBe(0);
      expect(readFileSync(below('file'), 'utf8')).toBe('a part');
      expect((await guest.call(['put', below('file'), '644', '--size'], 'a part')).code).toBe(64);
    });

    it('is not there when the call was killed on the way', async () => {
      machine();
      const call = guest.startOpen(['put', below('dir', 'file'), '644']);
      call.child.stdin.write('a part');
      while (!existsSync(below('dir')) || readdirSync(below('dir')).length === 0)
        await new Promise((resolve) => setImmediate(resolve));
      await call.drop();
      expect(existsSync(below('dir', 'file'))).toBe(false);
    });
  });

  describe('an archive', () => {
    const source = () => {
      const directory = below('source');
      mkdirSync(join(directory, 'sub'), { recursive: true });
      writeFileSync(join(directory, 'sub', 'tool'), '#!/bin/sh\n', { mode: 0o755 });
      writeFileSync(join(directory, "it's\nhere"), 'x', { mode: 0o640 });
      symlinkSync('sub/tool', join(directory, 'link'));
      for (const path of ['', 'sub', 'sub/tool', "it's\nhere"]) chownSync(join(directory, path), 4321, 4321);
      return directory;
    };

    it.each([
      ['the default user', [], 1000],
      ['a user', ['--user', 'nobody'], 65534],
      ['root', ['--root'], 0],
    ] as const)('is unpacked whole for %s, who owns it all', async (_, options, uid) => {
      machine();
      const into = below('made', 'here');
      const ended = await guest.bring(['unpack', into, ...options], tarOf(source())).ended;
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      expect(readdirSync(into).sort()).toEqual(["it's\nhere", 'link', 'sub']);
      expect(readlinkSync(join(into, 'link'))).toBe('sub/tool');
      expect([mode(join(into, 'sub/tool')), mode(join(into, "it's\nhere"))]).toEqual(['755', '640']);
      for (const name of ['', 'sub', 'sub/tool', 'link', "it's\nhere"])
        expect(owner(join(into, name))).toBe(uid);
    });

    it('goes into a directory of another’s too, and leaves what is there', async () => {
      machine();
      mkdirSync(below('of-root', 'sub'), { recursive: true });
      writeFileSync(below('of-root', 'sub', 'mine'), 'mine');
      const ended = await guest.bring(['unpack', below('of-root')], tarOf(source())).ended;
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      expect(readdirSync(below('of-root')).sort()).toEqual(["it's\nhere", 'link', 'sub']);
      expect(readdirSync(below('of-root', 'sub')).sort()).toEqual(['mine', 'tool']);
      expect([owner(below('of-root', 'sub', 'mine')), owner(below('of-root', 'sub', 'tool'))]).toEqual([
        0, 1000,
      ]);
    });

    it.each(['../', '/tmp/pikaci-test-escaped/'])('leaves no name below %s anywhere else', async (prefix) => {
      machine();
      const hostile = tarOf(source(), '-P', `--transform=s,^\\.,${prefix},`);
      await guest.bring(['unpack', below('a', 'b'), '--root'], hostile).ended;
      expect(existsSync(below('a', 'sub'))).toBe(false);
      expect(existsSync('/tmp/pikaci-test-escaped')).toBe(false);
    });

    it('takes away what an earlier call had set aside that was killed', async () => {
      machine();
      mkdirSync(below('of-root'));
      const archive = tarOf(source());
      const aside = () => readdirSync(below('of-root')).filter((name) => name.startsWith('.pikaci-unpack.'));
      const dead = guest.startOpen(['unpack', below('of-root')]);
      dead.child.stdin.write(archive.subarray(0, 2000));
      while (aside().length === 0) await new Promise((resolve) => setImmediate(resolve));
      // Its name has the process that would take it away.
      process.kill(Number(aside()[0]?.split('.')[2]), 'SIGKILL');
      await dead.ended;
      expect(aside()).toHaveLength(1);
      const ended = await guest.bring(['unpack', below('of-root')], archive).ended;
      expect([ended.code, readdirSync(below('of-root')).sort()]).toEqual([0, ["it's\nhere", 'link', 'sub']]);
    });

    it('leaves nothing of what was set aside where the first process of its call was killed', async () => {
      machine();
      mkdirSync(below('of-root'));
      const call = guest.startOpen(['unpack', below('of-root')]);
      call.child.stdin.write(tarOf(source()).subarray(0, 2000));
      while (readdirSync(below('of-root')).length === 0)
        await new Promise((resolve) => setImmediate(resolve));
      call.child.kill('SIGKILL');
      await call.ended;
      expect(readdirSync(below('of-root'))).toEqual([]);
    });

    it('that is none is refused', async () => {
      machine();
      for (const options of [[], ['--root']]) {
        const ended = await guest.bring(['unpack', below('into'), ...options], 'x'.repeat(5000)).ended;
        expect([ended.code, ended.stderr]).toEqual([
          70,
          expect.stringMatching(/^pikaci-incus-run: setup: .+\n$/),
        ]);
      }
    });

    it.each([['relative'], ['/a/../b'], [], ['/a', '--user'], ['/a', '--root', 'x']])(
      'is refused as %j %j',
      async (...words) => {
        machine();
        const ended = await guest.call(['unpack', ...words]);
        expect([ended.code, ended.stderr]).toEqual([
          64,
          expect.stringMatching(/^pikaci-incus-run: usage: .+\n$/),
        ]);
      },
    );
  });
});
