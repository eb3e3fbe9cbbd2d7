import type { AuthenticationType, AuthHandlerMiddleware } from 'ssh2';
import type { ShellFault } from '../../ports/remote-shell.js';
import type { KeyFault, KeyOffer } from './identities.js';

type AuthFault = Extract<ShellFault, { kind: 'authentication_failed' }>;

/** How sshd says it (packet.c, auth2.c) when it takes no further attempt, and its number for it (RFC 4253, 11.1). */
const TOO_MANY = /too many authentication failures/i;
const NO_MORE_METHODS = 14;

export interface AuthenticationOptions {
  readonly host: string;
  readonly offers: readonly KeyOffer[];
  readonly unusable: KeyFault | null;
  /** Socket of the agent that some of the keys are in. */
  readonly agent: string | null;
  /** User certificates that are there and cannot be offered. */
  readonly certificates: readonly string[];
}

/** Offers keys one after the other, and knows in the end why none would do. */
export class Authentication {
  private offered = 0;
  private asked: readonly AuthenticationType[] = [];
  private isPartial = false;

  constructor(private readonly options: AuthenticationOptions) {}

  /** For ssh2, which asks for the next authentication until there is none. */
  readonly next: AuthHandlerMiddleware = (asked, partial, take) => {
    this.asked = asked ?? [];
    this.isPartial = partial === true;
    const offer = this.options.offers[this.offered];
    if (offer === undefined) return take(false as never);
    this.offered += 1;
    take(offer.method);
  };

  /** The fault when this was the reason for the end of the connection; null when it was another one. */
  fault(error: (Error & { level?: string; code?: unknown }) | null): AuthFault | null {
    if (error === null) return null;
    if (this.offered === 0) return error.level === 'client-authentication' ? this.nothing() : null;
    if (TOO_MANY.test(error.message) || error.code === NO_MORE_METHODS) return this.tooMany(error.message);
    return error.level === 'client-authentication' ? this.refused() : null;
  }

  private refused(): AuthFault {
    const { certificates, offers } = this.options;
    if (this.isPartial) return this.failed(`the host took a key and asks for ${this.others()} besides`);
    if (this.asked.length > 0 && !this.asked.includes('publickey'))
      return this.failed(`the host takes no keys, but ${this.others()}`);
    const why =
      certificates.length === 0
        ? 'check the user name and the key'
        : `user certificates (${certificates.join(', ')}) cannot be offered, so put the key itself into authorized_keys of the host`;
    const named = offers.find((offer) => offer.isNamed)?.path ?? null;
    const fault = this.failed(`the host took none of the offered keys (${this.tried()}); ${why}`);
    return named === null ? fault : { ...fault, identity: { path: named, problem: 'refused' } };
  }

  private tooMany(reason: string): AuthFault {
    const left = this.options.offers.length - this.offered;
    const rest = left === 0 ? '' : `, with ${left} more to offer`;
    return {
      ...this.failed(
        `the host ended the connection ("${reason}") after ${this.tried()}${rest}; name the key that it takes with "identityFile", or leave the others out with IdentitiesOnly in the SSH configuration`,
      ),
      tooManyKeys: { agent: this.options.agent },
    };
  }

  /** The keys that were offered, for people. */
  private tried(): string {
    const offers = this.options.offers.slice(0, this.offered);
    const files = offers.flatMap(({ path }) => (path === null ? [] : [path]));
    const ofAgent = offers.length - files.length;
    const agents = ofAgent === 0 ? [] : [`${ofAgent} of the agent`];
    return [...files, ...agents].join(', ');
  }

  private others(): string {
    return this.asked.filter((method) => method !== 'publickey').join(' or ') || 'another key';
  }

  private nothing(): AuthFault {
    const { certificates, unusable } = this.options;
    const files = unusable === null ? 'no key file is named' : unusable.message;
    const besides =
      certificates.length === 0 ? '' : `; user certificates (${certificates.join(', ')}) cannot be offered`;
    const fault = this.failed(`there is no key to offer: the agent has none, and ${files}${besides}`);
    if (unusable === null) return fault;
    return { ...fault, identity: { path: unusable.path, problem: unusable.problem } };
  }

  private failed(message: string): AuthFault {
    return { kind: 'authentication_failed', host: this.options.host, tried: 'connect', message };
  }
}
