import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BoundedBytes } from '../../../src/application/commands/bounded-bytes.js';
import { filledUpFiles, listingOf } from '../../../src/application/supervisor/listing.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

const odd = [
  'plain',
  ' two  spaces ',
  '-rf',
  '--checkpoint-action=exec=id',
  'ünï😀',
  "it's $(id) `id` *",
  'back\\slash\\n',
  'x'.repeat(200),
];

async function listed(answer: Uint8Array) {
  const bytes = new BoundedBytes(answer.length, 'first');
  bytes.add(answer);
  return must(await listingOf(bytes, 1000)).files;
}

const pathsOf = async (answer: Uint8Array) => (await listed(answer)).map(({ path }) => path).sort();

describe.each(guestShells())('artifacts handed out by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  function tree(): string {
    guest = new GuestMachine(shell);
    const directory = join(guest.root, 'out');
    mkdirSync(join(directory, 'deep/er'), { recursive: true });
    for (const name of odd) writeFileSync(join(directory, 'deep', name), `of ${name}`);
    writeFileSync(join(directory, 'new\nline'), 'of a new line');
    symlinkSync('/etc/passwd', join(directory, 'link'));
    symlinkSync('deep', join(directory, 'linked-directory'));
    return directory;
  }

  /** Packs, and unpacks into the directory that it gives. */
  async function unpack(paths: readonly string[]): Promise<string> {
    const ended = await guest.call(['pack'], paths.map((path) => `${path}\0`).join(''));
    expect(ended.code).toBe(0);
    const archive = join(guest.root, 'archive.tar');
    const unpacked = join(guest.root, 'unpacked');
    mkdirSync(unpacked);
    writeFileSync(archive, ended.stdout);
    execFileSync('tar', ['-C', unpacked, '-xf', archive]);
    return unpacked;
  }

  it('are listed below the given paths: all but directories, through no link', async () => {
    const directory = tree();
    const ended = await guest.call(['list', directory, join(guest.root, 'missing'), join(directory, 'link')]);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    const files = [...odd.map((name) => `deep/${name}`), 'new\nline', 'link', 'linked-directory'].map(
      (name) => `${directory}/${name}`,
    );
    expect(await pathsOf(ended.stdout)).toEqual([...files, `${directory}/link`].sort());
  });

  it('are listed by their own names, and not by those that a link gives them', async () => {
    const directory = tree();
    mkdirSync(guest.artifacts, { recursive: true });
    symlinkSync(directory, join(guest.artifacts, 'linked'));
    mkdirSync(join(guest.artifacts, 'own'));
    writeFileSync(join(guest.artifacts, 'own/file'), '');
    const roots = ['linked', 'linked/deep', 'linked/deep/plain', 'own/file'].map((name) =>
      join(guest.artifacts, name),
    );
    const ended = await guest.call(['list', ...roots, `${directory}/linked-directory/plain`]);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(await pathsOf(ended.stdout)).toEqual([roots[0], roots[3]]);
    // Whoever copies from a machine by hand may mean one.
    const copied = await guest.call(['list', '--directories', join(guest.artifacts, 'linked/deep/plain')]);
    expect(await pathsOf(copied.stdout)).toEqual([roots[2]]);
  });

  it('are listed with the directories that they are in, and empty ones, where that is asked for', async () => {
    const directory = tree();
    const ended = await guest.call(['list', '--directories', directory]);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    const directories = (await listed(ended.stdout)).filter(({ kind }) => kind === 'directory');
    expect(directories.map(({ path }) => path).sort()).toEqual([
      directory,
      `${directory}/deep`,
      `${directory}/deep/er`,
    ]);
    const without = await pathsOf((await guest.call(['list', directory])).stdout);
    expect((await listed(ended.stdout)).length).toBe(without.length + 3);
  });

  it('are listed with what they are and how large, whatever they are called', async () => {
    const directory = tree();
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    writeFileSync(join(directory, 'empty'), '');
    writeFileSync(join(directory, 'sparse'), '');
    truncateSync(join(directory, 'sparse'), 9 * 1024 ** 3);
    const socket = createServer().listen(join(directory, 'socket'));
    await once(socket, 'listening');
    const { stdout } = await guest.call(['list', directory]);
    socket.close();
    const kinds = Object.fromEntries(
      (await listed(stdout)).map(({ path, kind, size }) => [path.slice(directory.length + 1), [kind, size]]),
    );
    expect(kinds).toMatchObject({
      fifo: ['special', 0],
      socket: ['special', 0],
      empty: ['file', 0],
      sparse: ['file', 9 * 1024 ** 3],
      'new\nline': ['file', 13],
      'deep/ünï😀': ['file', Buffer.byteLength('of ünï😀')],
      link: ['symbolic_link', expect.any(Number)],
    });
  });

  it('are listed as nothing when no path exists, and not at all for a relative one', async () => {
    guest = new GuestMachine(shell);
    expect(await guest.call(['list', '/no/such/path'])).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect((await guest.call(['list', '-delete'])).code).toBe(64);
  });

  it('do not include what the kernel shows as files', async () => {
    guest = new GuestMachine(shell);
    expect((await guest.call(['list', '/proc', '/sys', '/dev'])).stdout.length).toBe(0);
  });

  it('are packed as exactly the files that were named, whatever has vanished', async () => {
    const directory = tree();
    const named = [...odd.map((name) => `deep/${name}`), 'link', 'deep/er', 'vanished'].map(
      (name) => `${directory}/${name}`,
    );
    const ended = await guest.call(['pack'], named.map((path) => `${path}\0`).join(''));
    expect(ended.code).toBe(0);
    const archive = join(guest.root, 'archive.tar');
    const unpacked = join(guest.root, 'unpacked');
    mkdirSync(unpacked);
    writeFileSync(archive, ended.stdout);
    execFileSync('tar', ['-C', unpacked, '-xf', archive]);
    for (const name of odd)
      expect(readFileSync(join(unpacked, directory, 'deep', name), 'utf8')).toBe(`of ${name}`);
    const entries = execFileSync('tar', [
      '--quoting-style=literal',
      '--show-transformed-names',
      '-tf',
      archive,
    ]).toString();
    expect(entries.trim().split('\n').length).toBe(odd.length + 2);
    expect(entries).toContain(`${directory.slice(1)}/link`);
    expect(execFileSync('tar', ['-tvf', archive]).toString()).toMatch(/^l.+link -> \/etc\/passwd$/m);
  });

  it('are packed with all their bytes under each of their names', async () => {
    const directory = tree();
    linkSync(join(directory, 'deep/plain'), join(directory, 'again'));
    linkSync(join(directory, 'deep/plain'), join(directory, 'and again'));
    const unpacked = await unpack([
      `${directory}/deep/plain`,
      `${directory}/again`,
      `${directory}/and again`,
    ]);
    for (const name of ['deep/plain', 'again', 'and again'])
      expect(statSync(join(unpacked, directory, name))).toMatchObject({ nlink: 1, size: 8 });
  });

  it('are named when they become shorter while they are packed, and are not taken for whole', async () => {
    const directory = tree();
    const names = [`${directory}/before`, `${directory}/b\u00e4d`, `${directory}/after`];
    const [before = '', bad = '', after = ''] = names;
    writeFileSync(before, 'before');
    // More than all pipes and buffers on the way hold.
    writeFileSync(bad, Buffer.alloc(64 * 1024 * 1024, 'x'));
    writeFileSync(after, 'after');
    const call = guest.startOpen(['pack']);
    call.child.stdin.end(names.map((path) => `${path}\0`).join(''));
    // It has begun with the second file, and nobody reads on.
    await once(call.child.stdout, 'readable');
    writeFileSync(bad, 'short');
    const ended = await call.ended;
    const named = filledUpFiles(ended.stderr);
    // GNU tar fills it up and goes on; busybox's ends there.
    if (named.length > 0) expect(named).toEqual([bad]);
    else expect([ended.code, ended.stdout.length < 64 * 1024 * 1024]).toEqual([124, true]);
  });

  it('are packed under names that hold newlines, and more of them than fit in one command line', async () => {
    const directory = tree();
    const deep = join(directory, ...Array.from({ length: 6 }, () => 'd'.repeat(250)));
    mkdirSync(deep, { recursive: true });
    const many = Array.from({ length: 200 }, (_, index) => `${deep}/${index}\n`);
    for (const name of many) writeFileSync(name, name);
    const ended = await guest.call(
      ['pack'],
      [`${directory}/new\nline`, ...many].map((path) => `${path}\0`).join(''),
    );
    const archive = join(guest.root, 'archive.tar');
    writeFileSync(archive, ended.stdout);
    const unpacked = join(guest.root, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-C', unpacked, '-xf', archive]);
    expect(many.every((name) => readFileSync(join(unpacked, name), 'utf8') === name)).toBe(true);
    expect(readFileSync(join(unpacked, directory, 'new\nline'), 'utf8')).toBe('of a new line');
  });

  it('are an empty archive when nothing was named', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.call(['pack']);
    expect(ended.code).toBe(0);
    expect(ended.stdout.every((byte) => byte === 0)).toBe(true);
  });
});
