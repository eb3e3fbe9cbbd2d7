import type { Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type {
  SupervisorExec,
  SupervisorInput,
  SupervisorTransport,
} from '../../supervisor/supervised-guest.js';
import { hostExec } from './host-exec.js';
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
    stdin: SupervisorInput,
    call: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    const words = word === 'run' ? ['follow', this.#jobDir, '0'] : [word, this.#jobDir, ...rest];
    return hostExec(this.#host, words, word === 'pack' ? stdin : undefined, call);
  }

  parseStatus(json: unknown) {
    const status = parseMicrovmStatus(json);
    return status === null ? null : guestStatusOf(status);
  }
}
