import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { GitWorkspaceScanner } from '../../src/adapters/node/git-workspace-scanner.js';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { SftpFileStore } from '../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { WorkDirectory } from '../../src/application/directories/work-directory.js';
import { StageSnapshot } from '../../src/application/snapshot/stage-snapshot.js';
import { openConnection } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import type { Row, Times } from './row.js';

const FILES = 10_000;
const DIRECTORIES = 200;

/**
 * (i) A work tree of 10,000 files, 40 MB, is put on the host: for the first time, with one file changed, and unchanged. pikaci's connection is
 * open, and so is the one that `rsync` goes through (a control master). pikaci's times begin after the scan, which has its own; each
 * staging is one of a process that remembers nothing.
 */
export function stagingRow(host: BenchHost, place: BenchPlace): Row {
  const tree = join(place.stateRoot, '..', 'ten-thousand');
  const control = join(place.stateRoot, '..', 'control');
  const connection = openConnection(host);
  const local = new LocalShell();
  const shell = new Ssh2Shell(connection, local);
  const hostFiles = new SftpFileStore(connection);
  const ports = { shell, hostFiles, clock: new SystemClock() };
  const scanner = new GitWorkspaceScanner();
  const ssh = [
    ...[
      'ssh',
      '-p',
      String(host.port),
      '-i',
      host.identityFile,
      '-o',
      `UserKnownHostsFile=${host.knownHostsFile}`,
    ],
    ...['-o', 'ControlMaster=auto', '-o', `ControlPath=${control}`, '-o', 'ControlPersist=60'],
  ];
  const everything = `${host.workDir}/bench-staging-${process.pid}`;
  let rounds = 0;
  const clocked = async (work: () => Promise<unknown> | unknown) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const change = () => appendFileSync(join(tree, 'd7', 'f7'), `${rounds} ${performance.now()}\n`);
  const signal = new AbortController().signal;
  const stageIn = async (directory: WorkDirectory) => {
    const start = performance.now();
    const snapshot = value(await scanner.scan(tree), 'scan');
    const scanned = performance.now() - start;
    const staging = new StageSnapshot(ports, directory);
    value(await staging.stage(snapshot, { signal, onProgress: () => {} }), 'stage');
    return { scan: scanned, staged: performance.now() - start - scanned };
  };
  const rsyncTo = (directory: string) =>
    clocked(() =>
      execFileSync('rsync', [
        '-a',
        '--delete',
        '--exclude=.git',
        '-e',
        ssh.join(' '),
        `${tree}/`,
        `${host.user}@${host.host}:${directory}/`,
      ]),
    );
  const onHost = (...argv: readonly string[]) =>
    execFileSync(ssh[0] ?? '', [...ssh.slice(1), `${host.user}@${host.host}`, ...argv]);
  return {
    name: 'i',
    async round(): Promise<Times> {
      if (rounds++ === 0) makeTree(tree);
      const [ours, theirs] = [`${everything}/${rounds}`, `${everything}/rsync-${rounds}`];
      onHost('mkdir', '-p', ours, theirs);
      const directory = new WorkDirectory(ports, ours);
      value(await directory.ensure(signal), 'the work directory');
      const first = await stageIn(directory);
      const rsync_first = await rsyncTo(theirs);
      change();
      const changed = await stageIn(directory);
      const rsync_changed = await rsyncTo(theirs);
      const unchanged = await stageIn(directory);
      const rsync_unchanged = await rsyncTo(theirs);
      return {
        ...{ first: first.staged, first_scan: first.scan, rsync_first },
        ...{ changed: changed.staged, changed_scan: changed.scan, rsync_changed },
        ...{ unchanged: unchanged.staged, unchanged_scan: unchanged.scan, rsync_unchanged },
      };
    },
    async [Symbol.asyncDispose]() {
      if (rounds > 0) {
        // Not after each round: ext4 passes over inodes that were given back in the last minute, which makes the next round's files slow.
        onHost('rm', '-rf', everything);
        execFileSync(ssh[0] ?? '', [...ssh.slice(1), '-O', 'exit', `${host.user}@${host.host}`], {
          stdio: 'ignore',
        });
      }
      await scanner[Symbol.asyncDispose]();
      await hostFiles[Symbol.asyncDispose]();
      await local[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    },
  };
}

/** Sources as they are: some of a few hundred bytes, some of ten thousand. Committed. */
function makeTree(tree: string): void {
  for (let directory = 0; directory < DIRECTORIES; directory++)
    mkdirSync(join(tree, `d${directory}`), { recursive: true });
  for (let file = 0; file < FILES; file++) {
    const bytes = 200 + ((file * 7919) % 7800);
    const line = `file ${file} of the bench, which is like no other one\n`;
    writeFileSync(
      join(tree, `d${file % DIRECTORIES}`, `f${file}`),
      line.repeat(Math.ceil(bytes / line.length)),
    );
  }
  const git = (...args: string[]) => execFileSync('git', ['-C', tree, ...args], { stdio: 'ignore' });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message', 'bench');
}
