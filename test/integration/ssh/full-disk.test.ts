import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { Ssh2Connection } from '../../../src/adapters/ssh2/connection.js';
import { SftpFileStore } from '../../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../../src/adapters/ssh2/shell.js';
import { hostSpace, isFull } from '../../../src/application/directories/host-space.js';
import { probeDirectory } from '../../../src/application/doctor/probe-directory.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';
import { optionsFor } from '../../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../../support/sshd.js';

let sshd: TestSshd;
let disk: string;
const signal = new AbortController().signal;

beforeAll(async () => {
  sshd = await startSshd(['Subsystem sftp /usr/lib/openssh/sftp-server']);
  disk = join(sshd.directory, 'disk');
  mkdirSync(disk);
});

const sh = (text: string) => void execFileSync('sh', ['-c', text, 'sh', disk]);

beforeEach(() => {
  sh('mount -t tmpfs -o size=256k,nr_inodes=16 disk "$1"');
  return () => sh('umount -l "$1"');
});

afterAll(() => sshd.stop());

const fill = () => {
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(1024 * 1024));
  } catch {
    // It ends where the disk does.
  }
};

describe('a full disk of the host, of which the SFTP server says "Failure"', () => {
  it('is told as one, by whatever it ends, and what was begun is taken away', async () => {
    await using connection = new Ssh2Connection(optionsFor(sshd));
    await using files = new SftpFileStore(connection);
    const fault = mustFail(await files.writeFile(join(disk, 'big'), randomBytes(1024 * 1024)), 'no_space');
    expect(fault.message).toMatch(/^no space is left on the host's disk: \d+ bytes are free$/);
    // The room that it had is there again.
    expect(readdirSync(disk)).toEqual([]);
    must(await files.writeFile(join(disk, 'small'), randomBytes(1024)));
    fill();
    mustFail(await files.appendFile(join(disk, 'small'), randomBytes(64 * 1024)), 'no_space');
    rmSync(join(disk, 'ballast'));
    must(await files.appendFile(join(disk, 'small'), randomBytes(1024)));
  });

  it('is told of one that has no more files, too, by a directory', async () => {
    await using connection = new Ssh2Connection(optionsFor(sshd));
    await using files = new SftpFileStore(connection);
    for (let count = 0; count < 14; count++) must(await files.makeDirectory(join(disk, `d${count}`)));
    let last = await files.makeDirectory(join(disk, 'one'));
    for (let more = 0; more < 4 && last.isOk(); more++)
      last = await files.makeDirectory(join(disk, `m${more}`));
    expect(mustFail(last, 'no_space').message).toContain('no more files are free');
  });

  it('leaves what has another reason as it is', async () => {
    await using connection = new Ssh2Connection(optionsFor(sshd));
    await using files = new SftpFileStore(connection);
    mkdirSync(join(disk, 'd/e'), { recursive: true });
    mkdirSync(join(disk, 'f'));
    mustFail(await files.rename(join(disk, 'f'), join(disk, 'd')), 'not_empty');
    mustFail(await files.writeFile(join(disk, 'd'), randomBytes(10)), 'is_a_directory');
  });

  it('is what doctor says of the work directory, with what is left', async () => {
    await using connection = new Ssh2Connection(optionsFor(sshd));
    await using files = new SftpFileStore(connection);
    await using local = new LocalShell();
    const shell = new Ssh2Shell(connection, local);
    const path = join(disk, 'work/dir');
    const probe = () =>
      probeDirectory({
        name: 'work_dir',
        files,
        path,
        remedy: 'make it',
        signal,
        space: () => hostSpace(shell, path, signal),
      });
    expect(await hostSpace(shell, path, signal)).toMatchObject({ bytes: 256 * 1024 });
    // Fewer than a mebibyte are no room for anything.
    expect(await probe()).toMatchObject({ status: 'failed', remedy: `df -h ${path}` });
    fill();
    const full = await probe();
    expect(full).toMatchObject({ status: 'failed', remedy: `df -h ${path}` });
    expect(full.detail).toContain('no_space');
    const space = await hostSpace(shell, sshd.directory, signal);
    expect(space !== null && isFull(space)).toBe(false);
  });
});
