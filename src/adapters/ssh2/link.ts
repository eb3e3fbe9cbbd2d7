import { err, ok, type Result } from 'neverthrow';
import type { Client } from 'ssh2';
import { Slots } from '../../streams/slots.js';

/** Why a request on a link got no answer, or a no. */
export interface LinkFault {
  readonly kind: 'lost' | 'refused';
  readonly message: string;
  /** The server's number for not opening a channel (RFC 4254, 5.1), when there was one. */
  readonly reason?: number;
}

type NodeCallback<T> = (error: Error | undefined | null, value: T) => void;

/**
 * One authenticated connection that is up until it is lost; it does not come back. Whoever waits for something on it listens
 * to `onLost`, because ssh2 itself tells a channel only that it has ended.
 */
export class SshLink {
  /** Ending a command must not wait for a free session; this one comes on top of the others. */
  readonly killing = new Slots(1);
  private readonly listeners = new Set<(reason: string) => void>();
  private reason: string | null = null;

  constructor(
    readonly client: Client,
    private readonly shut: () => void,
  ) {}

  /** Why it was lost; `null` while it is up. */
  get lost(): string | null {
    return this.reason;
  }

  /** Called once when the link is lost (at once when it is already). Returns what takes the listener away. */
  onLost(listener: (reason: string) => void): () => void {
    if (this.reason !== null) {
      listener(this.reason);
      return () => {};
    }
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  markLost(reason: string): void {
    if (this.reason !== null) return;
    this.reason = reason;
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener(reason);
  }

  close(reason: string): void {
    this.markLost(reason);
    this.shut();
  }

  /** Sends one request whose answer comes by callback. ssh2 throws synchronously where the socket has just gone. */
  request<T>(start: (client: Client, answer: NodeCallback<T>) => void): Promise<Result<T, LinkFault>> {
    return new Promise((resolve) => {
      const forget = this.onLost((message) => resolve(err({ kind: 'lost', message })));
      const refuse = (error: Error) => {
        forget();
        // A socket that ended a moment ago refuses before it says that it is closed.
        const gone = this.reason !== null || /not connected|no response from server/i.test(error.message);
        // Known from here on, so that the next call connects again instead of asking this one.
        if (gone) this.close(error.message);
        const { reason } = error as { reason?: unknown };
        const fault = { kind: gone ? ('lost' as const) : ('refused' as const), message: error.message };
        resolve(err(typeof reason === 'number' ? { ...fault, reason } : fault));
      };
      if (this.reason !== null) return;
      try {
        start(this.client, (error, value) => {
          if (error) return refuse(error);
          forget();
          resolve(ok(value));
        });
      } catch (error) {
        refuse(error as Error);
      }
    });
  }
}
