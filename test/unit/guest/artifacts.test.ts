import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
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

  it('are listed below the given paths: all but directories, through no link', async () => {
    const directory = tree();
    const ended = await guest.call(['list', directory, join(guest.root, 'missing'), join(directory, 'link')]);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    const paths = ended.stdout.toString().split('\0');
    const expected = [...odd.map((name) => `deep/${name}`), 'new\nline', 'link', 'linked-directory'].map(
      (name) => `${directory}/${name}`,
    );
    expect(paths.sort()).toEqual(['', ...expected, `${directory}/link`].sort());
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
