import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { shellFault } from '../../streams/shell-fault.js';
import { Slots } from '../../streams/slots.js';
import { connectTarget } from './connect-target.js';
import type { SshLink } from './link.js';
import { DEFAULT_TIMING, type Ssh2Options, type SshTiming } from './options.js';
import { resolveTarget } from './resolve-target.js';
import { targetLabel } from './target.js';

const CLOSED = 'the connection was closed by its owner';
const DEFAULT_MAX_SESSIONS = 8;

/**
 * The one connection to a host that its shell, dialers and file store share. Connects on the first call and again on the first
 * call after a loss; calls that come meanwhile share the attempt. The owner disposes it last.
 */
export class Ssh2Connection implements AsyncDisposable {
  readonly timing: SshTiming;
  /** Session channels: commands and SFTP. Streams to sockets are not counted by sshd and not here. */
  readonly sessions: Slots;
  /** Ending a command must not wait for a free session; these come on top of the others. */
  readonly killSessions = new Slots(1);
  private current: SshLink | null = null;
  private attempt: Promise<Result<SshLink, ShellFault>> | null = null;
  private readonly closing = new AbortController();
  private label: string;

  constructor(private readonly options: Ssh2Options) {
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.sessions = new Slots(options.maxSessions ?? DEFAULT_MAX_SESSIONS);
    this.label = `${options.user === undefined ? '' : `${options.user}@`}${options.host}${options.port === undefined ? '' : `:${options.port}`}`;
  }

  /** `user@host:port` once the configuration has been read; before the first call what the options say. */
  get host(): string {
    return this.label;
  }

  /** The live link. Faults: `unreachable`, `host_key_refused`, `authentication_failed`, `aborted`, `closed`. */
  async link(options: CallOptions = {}): Promise<Result<SshLink, ShellFault>> {
    const at = { host: this.label, tried: 'connect' };
    if (this.closing.signal.aborted) return err(shellFault('closed', at, CLOSED));
    if (this.current !== null && this.current.lost === null) return ok(this.current);
    if (options.signal?.aborted) return err(shellFault('aborted', at, 'cancelled before connecting'));
    this.attempt ??= this.connect().finally(() => {
      this.attempt = null;
    });
    const link = await bounded(this.attempt, { signal: options.signal });
    if (link === 'aborted') return err(shellFault('aborted', at, 'cancelled while connecting'));
    if (link === 'timed_out') return err(shellFault('unreachable', at, 'no answer in time'));
    return link;
  }

  private async connect(): Promise<Result<SshLink, ShellFault>> {
    const target = await resolveTarget(this.options);
    const at = { host: this.label, tried: 'read the SSH configuration' };
    if (target.isErr()) return err(shellFault('unreachable', at, target.error));
    this.label = targetLabel(target.value);
    const link = await connectTarget(target.value, {
      passphrase: this.options.passphrase,
      timing: this.timing,
      signal: this.closing.signal,
    });
    if (this.closing.signal.aborted) {
      if (link.isOk()) link.value.close('closed by its owner');
      return err(shellFault('closed', at, CLOSED));
    }
    if (link.isErr()) return link;
    this.current = link.value;
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An attempt that is under way ends here: its host may never answer.
    this.closing.abort();
    this.current?.close('closed by its owner');
    await this.attempt;
  }
}
