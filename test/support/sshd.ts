import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface TestSshd {
  readonly port: number;
  readonly user: string;
  /** Holds keys, known_hosts, configuration; removed by `stop`. */
  readonly directory: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly hostKey: string;
  /** Process ids of the server's children: one for each connection. */
  children(): number[];
  /** Kills the server's side of every connection. */
  killChildren(): void;
  stop(): Promise<void>;
}

const SSHD = '/usr/sbin/sshd';

/** Starts a real OpenSSH server as the current user on 127.0.0.1 with keys of its own. */
export async function startSshd(extraConfig: readonly string[] = []): Promise<TestSshd> {
  if (!existsSync(SSHD)) throw new Error('these tests need OpenSSH: apt-get install openssh-server');
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), 'pikaci-sshd-'));
  const user = userInfo().username;
  const identityFile = makeKey(join(directory, 'client'));
  const hostKeyFile = makeKey(join(directory, 'host'));
  const hostKey = publicKey(hostKeyFile);
  const authorized = join(directory, 'authorized_keys');
  writeFileSync(authorized, `${publicKey(identityFile)}\n`, { mode: 0o600 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(directory, 'sshd.pid')}`,
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'AllowStreamLocalForwarding yes',
    'AllowTcpForwarding yes',
    ...(extraConfig.some((line) => line.startsWith('Subsystem ')) ? [] : ['Subsystem sftp internal-sftp']),
    'MaxStartups 100',
    // Bash reads the start-up files of the home directory for commands too; the tests must not depend on whose they are.
    `SetEnv HOME=${directory}`,
    ...extraConfig,
  ];
  writeFileSync(join(directory, 'sshd_config'), `${config.join('\n')}\n`);
  const knownHostsFile = join(directory, 'known_hosts');
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${hostKey}\n`);
  const server = spawn(SSHD, ['-D', '-e', '-f', join(directory, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await listening(server);
  return {
    port,
    user,
    directory,
    identityFile,
    knownHostsFile,
    hostKey,
    children: () => childrenOf(server.pid ?? 0),
    killChildren: () => {
      for (const pid of childrenOf(server.pid ?? 0)) process.kill(pid, 'SIGKILL');
    },
    stop: async () => {
      const pids = childrenOf(server.pid ?? 0);
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await gone;
      for (const pid of pids) tryKill(pid);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair; the private key's path comes back. */
export function makeKey(path: string, options: { type?: string; passphrase?: string } = {}): string {
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    options.type ?? 'ed25519',
    '-N',
    options.passphrase ?? '',
    '-C',
    '',
    '-f',
    path,
  ]);
  chmodSync(path, 0o600);
  return path;
}

export function publicKey(path: string): string {
  return readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ');
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (data: Buffer) => {
      said += data.toString('utf8');
      if (said.includes('Server listening')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
