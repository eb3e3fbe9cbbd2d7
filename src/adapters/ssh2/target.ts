import type { AlgorithmChoice } from './algorithms.js';
import type { KnownHostsFile } from './host-key-check.js';

/** Where a connection goes and with what, with nothing left to look up. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private key files, in the order in which they are tried; `isDefault`: nobody named it, it is one of OpenSSH's own places. */
  readonly identities: readonly {
    readonly path: string;
    readonly mustExist: boolean;
    readonly isDefault: boolean;
  }[];
  /** Of the agent's keys only those that `identities` name as well. */
  readonly identitiesOnly: boolean;
  /** User certificates that the configuration names. They cannot be offered, which is said when the keys are refused. */
  readonly certificates: readonly string[];
  /** Socket of an ssh-agent. */
  readonly agent: string | null;
  readonly knownHosts: readonly KnownHostsFile[];
  /** The name that known_hosts has the host under, when it is another one. */
  readonly hostKeyAlias: string | null;
  /** Which algorithms the configuration leaves, by kind. */
  readonly algorithms: AlgorithmChoice;
  /** What this machine connects with. */
  readonly socket: { readonly family?: 4 | 6; readonly localAddress?: string };
  /** The command whose pipes are the way to the host; only of a host that is reached first. */
  readonly proxyCommand: readonly [string, ...string[]] | null;
  /** With what `ssh` reaches the same host, for a person to type. */
  readonly sshArguments: readonly string[];
  /** Hosts to go through, the first one first. Their own `jumps` are empty. */
  readonly jumps: readonly SshTarget[];
}

/** `user@host:port`, for messages. */
export function targetLabel(target: {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}): string {
  return `${target.user}@${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}
