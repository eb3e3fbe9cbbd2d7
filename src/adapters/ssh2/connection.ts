import { err, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import { shellFault } from '../../streams/shell-fault.js';
import { connectTarget, reachedBy } from './connect-target.js';
import { hostEnvironment } from './host-environment.js';
import type { SshLink } from './link.js';
import { commandEnvironment } from './local-command.js';
import { DEFAULT_TIMING, type Ssh2Options, type SshTiming } from './options.js';
import { resolveTarget } from './resolve-target.js';
import { type SessionPlace, SessionPool } from './session-pool.js';
import { targetLabel } from './target.js';

const CLOSED = 'the connection was closed by its owner';
const DEFAULT_MAX_SESSIONS = 8;
const DEFAULT_MAX_CONNECTIONS = 64;
const GROW_AFTER_MS = 50;
const IDLE_MS = 30_000;

/**
 * The way to a host that its shell, dialers and file store share. Connects on the first call and again on the first call after a
 * loss; calls that come meanwhile share the attempt. Further connections are opened when the sessions of one are taken, and
 * closed when they have been idle for half a minute. The owner disposes it last.
 */
export class Ssh2Connection implements AsyncDisposable {
  readonly timing: SshTiming;
  private readonly pool: SessionPool;
  private readonly closing = new AbortController();
  private label: string;
  private sshArguments: readonly string[] | null = null;

  constructor(private readonly options: Ssh2Options) {
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.pool = new SessionPool({
      connect: () => this.connect(),
      sessionsPerLink: options.maxSessions ?? DEFAULT_MAX_SESSIONS,
      maxLinks: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      growAfterMs: GROW_AFTER_MS,
      idleMs: IDLE_MS,
    });
    this.label = `${options.user === undefined ? '' : `${options.user}@`}${options.host}${options.port === undefined ? '' : `:${options.port}`}`;
  }

  /** `user@host:port` once the configuration has been read; before the first call what the options say. */
  get host(): string {
    return this.label;
  }

  /** A live link, for what is no session. Faults: `unreachable`, `host_key_refused`, `authentication_failed`, `aborted`, `closed`. */
  async link(options: CallOptions = {}): Promise<Result<SshLink, ShellFault>> {
    return this.asked(options, () => this.pool.link(options));
  }

  /** A place for a session (a command or SFTP); waits for one. Faults as those of `link`. */
  async session(options: CallOptions = {}): Promise<Result<SessionPlace, ShellFault>> {
    return this.asked(options, () => this.pool.take(options));
  }

  /** The fault, with what a person reaches the host with where it does not say that itself: it may be one on the way. */
  reachedBy(fault: ShellFault): ShellFault {
    const { sshArguments } = this;
    return sshArguments === null || 'sshArguments' in fault ? fault : reachedBy({ sshArguments }, fault);
  }

  private async asked<T>(
    { signal }: CallOptions,
    ask: () => Promise<Result<T, ShellFault> | 'aborted'>,
  ): Promise<Result<T, ShellFault>> {
    const at = { host: this.label, tried: 'connect' };
    if (this.closing.signal.aborted) return err(shellFault('closed', at, CLOSED));
    if (signal?.aborted) return err(shellFault('aborted', at, 'cancelled before connecting'));
    const answer = await ask();
    return answer === 'aborted' ? err(shellFault('aborted', at, 'cancelled while connecting')) : answer;
  }

  private async connect(): Promise<Result<SshLink, ShellFault>> {
    const closed = () => err(shellFault('closed', { host: this.label, tried: 'connect' }, CLOSED));
    if (this.closing.signal.aborted) return closed();
    const { local, environment = hostEnvironment() } = this.options;
    const target = await resolveTarget(this.options);
    const at = { host: this.label, tried: 'read the SSH configuration' };
    if (target.isErr()) return err(shellFault('unreachable', at, target.error));
    this.label = targetLabel(target.value);
    this.sshArguments = target.value.sshArguments;
    const link = await connectTarget(target.value, {
      passphrase: this.options.passphrase,
      timing: this.timing,
      dial: local === undefined ? undefined : (argv) => local.dial(argv, commandEnvironment(environment)),
      signal: this.closing.signal,
    });
    if (!this.closing.signal.aborted) return link;
    if (link.isOk()) link.value.close('closed by its owner');
    return closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An attempt that is under way ends here: its host may never answer.
    this.closing.abort();
    await this.pool.close('closed by its owner');
  }
}
