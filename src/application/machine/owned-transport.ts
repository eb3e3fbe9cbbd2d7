import { err, type Result } from 'neverthrow';
import type { LeaseStore } from '../lease/lease-store.js';
import type { GuestCall, GuestFault } from '../supervisor/guest.js';
import type { SupervisorExec, SupervisorInput, SupervisorTransport } from '../supervisor/supervised-guest.js';

/**
 * Speaks to the supervisor of one machine, and to no other that has its name by now: a runner that was stopped for longer than its lease may
 * wake up to another's machine of the same ids, whose log and result are not its own. Whose it is, is asked before each call but that which
 * starts something: it comes right after the machine was made, or has looked at the lease.
 */
export class OwnedTransport implements SupervisorTransport {
  readonly description: string;
  readonly parseStatus?: NonNullable<SupervisorTransport['parseStatus']>;
  readonly #transport: SupervisorTransport;
  readonly #lease: Pick<LeaseStore, 'read'>;

  constructor(transport: SupervisorTransport, lease: Pick<LeaseStore, 'read'>) {
    this.description = transport.description;
    if (transport.parseStatus !== undefined) this.parseStatus = transport.parseStatus.bind(transport);
    this.#transport = transport;
    this.#lease = lease;
  }

  async exec(
    words: readonly string[],
    stdin: SupervisorInput,
    call: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    if (!starts(words)) {
      const found = await this.#lease.read(call.signal);
      if (found.isErr() && found.error.kind === 'not_found')
        return err({ kind: 'gone', message: found.error.fault.message });
    }
    return await this.#transport.exec(words, stdin, call);
  }
}

function starts(words: readonly string[]): boolean {
  return (words[0] === '--step' ? words[2] : words[0]) === 'run';
}
