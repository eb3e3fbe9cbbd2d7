import { err, ok, type Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type { SupervisorExec, SupervisorTransport } from '../../supervisor/supervised-guest.js';
import type { MicrovmHost } from './microvm-host.js';
import { guestStatusOf, parseMicrovmStatus } from './microvm-status.js';

/**
 * The supervisor of one microVM, as the host sees it: the job was started with its machine, its log and its result lie in the artifacts
 * share, and it is asked to end with a file. So `run` follows what runs.
 */
export class MicrovmSupervisorTransport implements SupervisorTransport {
  readonly description: string;
  readonly #host: MicrovmHost;
  readonly #jobDir: string;

  constructor(host: MicrovmHost, { shared }: RemoteMicrovmContext) {
    this.#host = host;
    this.#jobDir = shared.remoteJobDir;
    this.description = `the microVM in ${shared.remoteJobDir} on ${shared.remoteHost}`;
  }

  async exec(
    [word = '', ...rest]: readonly string[],
    stdin: Uint8Array,
    { signal }: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    const words = word === 'run' ? ['follow', this.#jobDir, '0'] : [word, this.#jobDir, ...rest];
    const input = word === 'pack' ? { stdin } : {};
    const spawned = await this.#host.spawn(words, { signal, phase: null, ...input });
    if (spawned.isErr()) return err(asGuestFault(spawned.error));
    const running = spawned.value;
    return ok({
      output: running.output,
      exit: running.exit.then((exit) => {
        if (exit.isOk()) return ok(exit.value);
        const { kind, message } = exit.error;
        return err({
          kind: kind === 'aborted' || kind === 'closed' ? 'aborted' : 'connection_lost',
          message,
          cause: exit.error,
        });
      }),
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    });
  }

  parseStatus(json: unknown) {
    const status = parseMicrovmStatus(json);
    return status === null ? null : guestStatusOf(status);
  }
}

function asGuestFault(fault: JobFault): GuestFault {
  const { message, cause } = fault;
  const seen = cause === undefined ? { message } : { message, cause };
  if (fault.kind === 'cancelled' || (cause?.kind === 'closed' && fault.kind === 'host'))
    return { kind: 'aborted', ...seen };
  return { kind: fault.kind === 'host' ? 'connection_lost' : 'refused', ...seen };
}
