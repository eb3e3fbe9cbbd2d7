import { err, ok, type Result } from 'neverthrow';
import { hostOfUrl } from '../application/cluster/host-of-url.js';
import type { MemberAddress } from '../application/cluster/members.js';
import { runCommand } from '../application/commands/run-command.js';
import type { JobFault } from '../application/faults/job-fault.js';
import type { PikaciConfig, SshHostConfig } from '../domain/config/config.js';
import type { RemoteShell } from '../ports/remote-shell.js';
import { type HostAdapters, hostAdapters, type Place } from './host-adapters.js';

/**
 * A member of the host's cluster, by SSH: at the address that the configuration or the cluster says, and through the host where there is no
 * other way. What is made is added to `closing`.
 */
export async function memberHost(
  config: PikaciConfig,
  place: Place,
  { name, url }: MemberAddress,
  signal: AbortSignal,
): Promise<Result<HostAdapters, JobFault>> {
  const here: SshHostConfig | null = config.host === 'local' ? null : config.host;
  const at = hostOfUrl(url);
  const address = at.includes(':') ? `[${at}]` : at;
  const user = here === null ? '' : here.ssh.slice(0, here.ssh.lastIndexOf('@') + 1);
  const { ssh: told } = config.incus.cluster;
  // The name is the cluster's: `constructor` would be found on any object.
  const ssh = (Object.hasOwn(told, name) ? told[name] : undefined) ?? `${user}${address}`;
  const host: SshHostConfig = { connectTimeoutSecs: 20, ...here, ssh };
  const ways = here === null ? [[]] : [[], [here.ssh]];
  let last: JobFault | null = null;
  for (const jumps of ways) {
    const adapters = hostAdapters({ ...config, host }, place, jumps);
    const there = await answers(adapters.shell, name, signal);
    if (there.isOk()) return ok(adapters);
    for (const part of adapters.closing) await part[Symbol.asyncDispose]();
    last = there.error;
    // Whoever answers and refuses is not reached better in another way.
    if (there.error.cause?.kind !== 'unreachable' && there.error.cause?.kind !== 'timed_out') break;
  }
  return err(last ?? { kind: 'host', phase: null, host: ssh, message: `${name} cannot be reached` });
}

/** Whether a member does what it is told: where it does not, a job goes elsewhere. */
export async function answers(
  shell: RemoteShell,
  name: string,
  signal: AbortSignal,
): Promise<Result<unknown, JobFault>> {
  const purpose = `reaching the member ${name} of the cluster`;
  return await runCommand(shell, { argv: ['true'] }, { purpose, timeoutSecs: 60, signal });
}
