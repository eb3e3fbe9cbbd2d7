import type { Clock } from '../../ports/clock.js';
import type { RemoteShell, ShellFault } from '../../ports/remote-shell.js';
import { failed, passed, quoted } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

/** Opens the connection, then measures one more command: a round trip with what a started process costs. */
export async function checkConnection(
  shell: RemoteShell,
  clock: Clock,
  signal: AbortSignal,
): Promise<DoctorCheck> {
  const first = await runTrue(shell, signal);
  if (first !== null) return failed('connection', describe(first), remedyFor(first));
  const start = clock.monotonic();
  const second = await runTrue(shell, signal);
  if (second !== null) return failed('connection', describe(second), remedyFor(second));
  const ms = Math.round(clock.monotonic() - start);
  return passed('connection', `${shell.host} answers; a command takes ${ms} ms`);
}

async function runTrue(shell: RemoteShell, signal: AbortSignal): Promise<ShellFault | null> {
  const spawned = await shell.spawn({ argv: ['true'] }, { signal });
  if (spawned.isErr()) return spawned.error;
  const command = spawned.value;
  try {
    for await (const _ of command.output) {
      // What a login script prints is of no interest, but it has to be read.
    }
    const exit = await command.exit;
    if (exit.isErr()) return exit.error;
    if (exit.value.code === 0) return null;
    const how = exit.value.signal ?? `exit code ${exit.value.code}`;
    return {
      kind: 'spawn_failed',
      host: shell.host,
      tried: 'true',
      message: `the host cannot run "true": ${how}`,
    };
  } finally {
    await command[Symbol.asyncDispose]();
  }
}

function describe(fault: ShellFault): string {
  return `${fault.kind.replaceAll('_', ' ')}: ${fault.message}`;
}

function remedyFor(fault: ShellFault): string {
  const to = sshArgumentsOf(fault);
  switch (fault.kind) {
    case 'host_key_refused': {
      const file = quoted(fault.knownHostsFile);
      if (fault.reason === 'unreadable_known_hosts') return `ls -l ${file}`;
      // Nothing is added before it was compared: ssh shows the fingerprint, and asks.
      return fault.reason === 'unknown'
        ? `ssh -o StrictHostKeyChecking=ask ${to} true   # asks before it adds the key: compare with ${fault.fingerprint}`
        : `ssh-keygen -l -F ${quoted(fault.knownHostsName ?? nameInKnownHosts(fault.host))} -f ${file}   # ask the host's owner before you change it`;
    }
    case 'authentication_failed':
      if (fault.tooManyKeys !== undefined) return tooManyRemedy(fault.tooManyKeys.agent, to);
      return keyRemedy(fault.identity, to);
    default:
      return fault.host === 'local' ? 'command -v true' : `ssh -v ${to} true`;
  }
}

/** What is wrong with a key file is mended here before the host can be given its key. */
function keyRemedy(
  identity: Extract<ShellFault, { kind: 'authentication_failed' }>['identity'],
  to: string,
): string {
  if (identity === undefined) return `ssh-copy-id ${to}`;
  const path = quoted(identity.path);
  const copy = `ssh-copy-id -i ${quoted(`${identity.path}.pub`)} ${to}`;
  switch (identity.problem) {
    case 'missing':
      return `ssh-keygen -t ed25519 -f ${path} && ${copy}   # or name the key that there is`;
    case 'encrypted':
      return `ssh-keygen -y -f ${path}   # asks for its passphrase: the variable that "passphraseEnv" names has to hold it`;
    case 'unreadable':
      return `ssh-keygen -l -f ${path}`;
    case 'refused':
      return copy;
  }
}

/** Shows the keys that are offered: the one that the host takes has to be named. */
function tooManyRemedy(agent: string | null, to: string): string {
  const shown =
    agent === null ? `ssh -G ${to} | grep -i '^identityfile'` : `SSH_AUTH_SOCK=${quoted(agent)} ssh-add -l`;
  return `${shown}   # name the key that the host takes with "identityFile"`;
}

/** What `ssh` is to be given: what the fault says, or else `user@host:port` as its arguments. */
function sshArgumentsOf(fault: ShellFault): string {
  const known = 'sshArguments' in fault ? fault.sshArguments : undefined;
  if (known !== undefined) return known.map(quoted).join(' ');
  const { user, name, port } = parsedHost(fault.host);
  return `${port === null ? '' : `-p ${port} `}${quoted(`${user}${name}`)}`;
}

function nameInKnownHosts(host: string): string {
  const { name, port } = parsedHost(host);
  return port === null ? name : `[${name}]:${port}`;
}

/** Of `user@host:port`; `user` with its `@`, `port` null where it is 22. */
function parsedHost(host: string): {
  readonly user: string;
  readonly name: string;
  readonly port: string | null;
} {
  const match = /^((?:[^@]+@)?)(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host);
  if (match === null) return { user: '', name: host, port: null };
  const name = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  const port = match[3];
  return { user: match[1] ?? '', name, port: port === undefined || port === '22' ? null : port };
}
