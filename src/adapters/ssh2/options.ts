import type { RemoteShell } from '../../ports/remote-shell.js';
import type { SocketDialer } from '../../ports/socket-dialer.js';

/** Where to connect and how. Everything that is left out is taken from the SSH configuration file, then from OpenSSH's defaults. */
export interface Ssh2Options {
  /** A host name, an address, or an alias of the SSH configuration file. */
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** Private key file, tried before those of the configuration. */
  readonly identityFile?: string;
  /** Opens encrypted key files. Never logged. */
  readonly passphrase?: string;
  /** known_hosts files to use instead of the configuration's; each must be readable. */
  readonly knownHostsFiles?: readonly string[];
  /** Socket of an ssh-agent; `null` for none. Left out: the configuration's IdentityAgent, then SSH_AUTH_SOCK. */
  readonly agent?: string | null;
  /** Hosts to go through (`user@host:port` or aliases), the first one first; empty for none. Left out: the configuration's ProxyJump. */
  readonly jumps?: readonly string[];
  /** SSH configuration file; `null` for none. Left out: `~/.ssh/config` where there is one. */
  readonly configFile?: string | null;
  /** The system's, which is read after it; `null` for none. Left out: `/etc/ssh/ssh_config`, or none where `configFile` is given, as with `ssh -F`. */
  readonly systemConfigFile?: string | null;
  /** What runs the commands of `ProxyCommand` and `Match exec` on this machine. Left out: both are refused. */
  readonly local?: LocalCommands;
  /** What would else be read from the process; see `hostEnvironment`. */
  readonly environment?: SshEnvironment;
  readonly timing?: Partial<SshTiming>;
  /** Session channels on one connection, SFTP counted: below the server's MaxSessions (10 unless configured), with room for ending commands. Fewer where the server refuses. Default 8. */
  readonly maxSessions?: number;
  /** Connections at once: another is opened when the sessions of one are taken. Default 64. */
  readonly maxConnections?: number;
}

export interface SshTiming {
  /** Bound of the handshake with each host on the way, milliseconds. Default 20,000. */
  readonly handshakeMs: number;
  /** Between keep-alives, milliseconds; 0 turns them off. Default 10,000. */
  readonly keepAliveMs: number;
  /** Unanswered keep-alives after which the connection is lost. Default 3. */
  readonly keepAliveCount: number;
  /** Between opening a channel and the command's start, milliseconds. Default 30,000. */
  readonly startMs: number;
  /** Between TERM and KILL when a command is ended, milliseconds. Default 2,000. */
  readonly killGraceMs: number;
}

export const DEFAULT_TIMING: SshTiming = {
  handshakeMs: 20_000,
  keepAliveMs: 10_000,
  keepAliveCount: 3,
  startMs: 30_000,
  killGraceMs: 2_000,
};

export interface LocalCommands {
  readonly shell: Pick<RemoteShell, 'spawn'>;
  /** The pipes of a command as a byte stream. `environment` is all that it gets; pikaci's own choice when left out. */
  readonly dial: (
    argv: readonly [string, ...string[]],
    environment?: Readonly<Record<string, string>>,
  ) => SocketDialer;
}

export interface SshEnvironment {
  readonly home: string;
  /** Empty for one without a name. */
  readonly user: string;
  readonly authSock: string | null;
  /** What commands of the configuration are handed to with `-c`. Default `/bin/sh`. */
  readonly shell?: string;
  /** Whose the user's configuration has to be, if not root's; not looked at when left out. */
  readonly uid?: number;
  /** Name of this machine. Default: what the system says. */
  readonly localHost?: string;
  /** Fills in `${NAME}` in paths, and is what commands of the configuration get. Left out: nothing is filled in, and commands get what pikaci's others do. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}
