import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { onAbort } from '../../streams/on-abort.js';
import type { SshLink } from './link.js';

/** Between two attempts to make a further link, milliseconds. */
const RETRY_MS = 1_000;

/** A place for one session on a link. Give it back once its channel is closed. */
export interface SessionPlace {
  readonly link: SshLink;
  readonly release: () => void;
  /** The server opens no more sessions on this link: gives the place back. False when this one was the only session there. */
  readonly refused: () => boolean;
}

export interface SessionPoolOptions {
  readonly connect: () => Promise<Result<SshLink, ShellFault>>;
  /** Sessions on one link, at most. */
  readonly sessionsPerLink: number;
  readonly maxLinks: number;
  /** How long a call waits for a place before another link is opened for it, milliseconds: most commands end at once. */
  readonly growAfterMs: number;
  /** How long a link that is not the first is kept without a session, milliseconds. */
  readonly idleMs: number;
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Member {
  readonly link: SshLink;
  size: number;
  taken: number;
  idle: NodeJS.Timeout | undefined;
}

type Granted = Result<SessionPlace, ShellFault> | 'aborted';

/** The links to one host, the first of which stays; others come when all places are taken, and go when they are idle. */
export class SessionPool {
  private readonly members: Member[] = [];
  private readonly waiting: ((granted: Granted) => void)[] = [];
  private attempt: Promise<Result<SshLink, ShellFault>> | null = null;
  private growing = false;
  private perLink: number;

  constructor(private readonly options: SessionPoolOptions) {
    this.perLink = options.sessionsPerLink;
  }

  /** The first link, which is made when there is none. Faults: those of `connect`, and `aborted` when `signal` fires first. */
  async link({ signal }: CallOptions): Promise<Result<SshLink, ShellFault> | 'aborted'> {
    const [first] = this.members;
    if (first !== undefined) return ok(first.link);
    const link = await bounded(this.connect(), { signal });
    return link === 'timed_out' ? 'aborted' : link;
  }

  /** A place on a link that has one, in the order of asking; a new link is made when there is none in time. */
  async take({ signal }: CallOptions): Promise<Granted> {
    if (signal?.aborted) return 'aborted';
    const free = this.members.find(({ taken, size }) => taken < size);
    if (free !== undefined) return ok(this.place(free));
    return new Promise((resolve) => {
      const granted = (end: Granted) => {
        forget();
        resolve(end);
      };
      this.waiting.push(granted);
      const forget = onAbort(signal, () => {
        this.waiting.splice(this.waiting.indexOf(granted), 1);
        resolve('aborted');
      });
      void this.grow();
    });
  }

  /** Closes every link, and the attempt that is under way once it has come to its end. */
  async close(reason: string): Promise<void> {
    for (const { link } of [...this.members]) link.close(reason);
    await this.attempt;
  }

  /** Makes links as long as somebody has waited for a place too long, and there may be more of them. */
  private async grow(): Promise<void> {
    if (this.growing) return;
    this.growing = true;
    let waitMs = this.options.growAfterMs;
    while (this.waiting.length > 0 && this.members.length < this.options.maxLinks) {
      if (this.members.length > 0) {
        await delay(waitMs);
        if (this.waiting.length === 0) break;
      }
      const link = await this.connect();
      // A server that takes no further connection still serves those that it has.
      if (link.isErr() && this.members.length === 0)
        for (const granted of this.waiting.splice(0)) granted(err(link.error));
      waitMs = link.isOk() ? 0 : RETRY_MS;
    }
    this.growing = false;
  }

  private connect(): Promise<Result<SshLink, ShellFault>> {
    this.attempt ??= this.options
      .connect()
      .then((link) => {
        if (link.isOk()) this.add(link.value);
        return link;
      })
      .finally(() => {
        this.attempt = null;
      });
    return this.attempt;
  }

  private add(link: SshLink): void {
    const member: Member = { link, size: this.perLink, taken: 0, idle: undefined };
    this.members.push(member);
    link.onLost(() => {
      clearTimeout(member.idle);
      this.members.splice(this.members.indexOf(member), 1);
      if (this.waiting.length > 0) void this.grow();
    });
    this.serve(member);
  }

  /** Gives what is free on a link to those who wait. */
  private serve(member: Member): void {
    while (member.link.lost === null && member.taken < member.size) {
      const granted = this.waiting.shift();
      if (granted === undefined) break;
      granted(ok(this.place(member)));
    }
    if (member.taken === 0 && member.link.lost === null) this.closeWhenIdle(member);
  }

  private place(member: Member): SessionPlace {
    clearTimeout(member.idle);
    member.taken += 1;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      member.taken -= 1;
      this.serve(member);
    };
    const refused = () => {
      const others = member.taken - 1;
      // One less than it has, so that a command can still be ended beside the others.
      if (others > 0) {
        member.size = Math.min(member.size, Math.max(1, others - 1));
        this.perLink = Math.min(this.perLink, member.size);
      }
      release();
      return others > 0;
    };
    return { link: member.link, release, refused };
  }

  private closeWhenIdle(member: Member): void {
    clearTimeout(member.idle);
    member.idle = setTimeout(() => {
      if (member.taken === 0 && member !== this.members[0]) member.link.close('it was idle');
    }, this.options.idleMs);
    member.idle.unref();
  }
}
