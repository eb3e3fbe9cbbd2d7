import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** One set of tools that a guest image may have: the shell that runs the supervisor, and what comes first on its PATH. */
export interface GuestShell {
  readonly name: string;
  readonly shell: string;
  readonly path: string;
}

const searched = ['/usr/local/bin', '/usr/bin', '/bin'];

function installed(program: string): string {
  const path = searched
    .map((directory) => join(directory, program))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${program} is not installed here; scripts/test installs it`);
  return path;
}

/** A directory that goes after the last test of the file. */
function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'guest-tools-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function directoryOf(name: string, program: string): string {
  const directory = temporary();
  symlinkSync(program, join(directory, name));
  return directory;
}

/** A PATH on which every tool is busybox's, as on Alpine. */
function applets(): string {
  const directory = temporary();
  execFileSync(installed('busybox'), ['--install', '-s', directory]);
  return directory;
}

/** The shells and awks that the supervisor is tested with. Throws when one is not installed. */
export function guestShells(): GuestShell[] {
  const mawk = directoryOf('awk', installed('mawk'));
  const busybox = applets();
  return [
    { name: 'dash and mawk', shell: installed('dash'), path: mawk },
    // As images that have bash for /bin/sh call it: under its own name it would read start-up files when stdin is a socket.
    { name: 'bash and mawk', shell: join(directoryOf('sh', installed('bash')), 'sh'), path: mawk },
    { name: 'busybox', shell: join(busybox, 'ash'), path: busybox },
    { name: 'dash and gawk', shell: installed('dash'), path: directoryOf('awk', installed('gawk')) },
  ];
}
