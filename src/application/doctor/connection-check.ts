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
  const { address, portOption } = sshArguments(fault.host);
  switch (fault.kind) {
    case 'host_key_refused': {
      const file = quoted(fault.knownHostsFile);
      if (fault.reason === 'unreadable_known_hosts') return `ls -l ${file}`;
      const name = address.slice(address.lastIndexOf('@') + 1);
      const keyscan = `ssh-keyscan ${portOption}${quoted(name)} | tee -a ${file} | ssh-keygen -lf -`;
      return fault.reason === 'unknown'
        ? `${keyscan}   # compare with ${fault.fingerprint}`
        : `ssh-keygen -l -F ${quoted(portOption === '' ? name : `[${name}]:${portOption.slice(3).trim()}`)} -f ${file}   # ask the host's owner before you change it`;
    }
    case 'authentication_failed':
      if (fault.tooManyKeys !== undefined) return tooManyRemedy(fault.tooManyKeys.agent, fault.host);
      return keyRemedy(fault.identity, `${portOption}${quoted(address)}`);
    default:
      return fault.host === 'local' ? 'command -v true' : `ssh -v ${portOption}${quoted(address)} true`;
  }
}

/** What is wrong with a key file is mended here before the host can be given its key. */
function keyRemedy(
  identity: Extract<ShellFault, { kind: 'authentication_failed' }>['identity'],
  host: string,
): string {
  if (identity === undefined) return `ssh-copy-id ${host}`;
  const path = quoted(identity.path);
  const copy = `ssh-copy-id -i ${quoted(`${identity.path}.pub`)} ${host}`;
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
function tooManyRemedy(agent: string | null, host: string): string {
  const { address, portOption } = sshArguments(host);
  const shown =
    agent === null
      ? `ssh -G ${portOption}${quoted(address)} | grep -i '^identityfile'`
      : `SSH_AUTH_SOCK=${quoted(agent)} ssh-add -l`;
  return `${shown}   # name the key that the host takes with "identityFile"`;
}

/** `user@host:port` as the arguments of OpenSSH. */
function sshArguments(host: string): { readonly address: string; readonly portOption: string } {
  const match = /^((?:[^@]+@)?)(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host);
  if (match === null) return { address: host, portOption: '' };
  const name = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  const port = match[3];
  return {
    address: `${match[1] ?? ''}${name}`,
    portOption: port === undefined || port === '22' ? '' : `-p ${port} `,
  };
}
