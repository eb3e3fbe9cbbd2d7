import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { GuestCall } from '../../supervisor/guest.js';
import type { SupervisorInput, SupervisorTransport } from '../../supervisor/supervised-guest.js';
import { hostExec } from './host-exec.js';
import type { MicrovmHost } from './microvm-host.js';

/** The supervisor of a microVM that stays up: every call goes through the channel into the machine. */
export class MicrovmChannelTransport implements SupervisorTransport {
  readonly description: string;
  readonly #host: MicrovmHost;
  readonly #jobDir: string;

  constructor(host: MicrovmHost, { shared }: RemoteMicrovmContext) {
    this.#host = host;
    this.#jobDir = shared.remoteJobDir;
    this.description = `the microVM in ${shared.remoteJobDir} on ${shared.remoteHost}`;
  }

  exec(words: readonly string[], stdin: SupervisorInput, call: GuestCall) {
    return hostExec(this.#host, ['call', this.#jobDir, ...words], stdin, call);
  }
}
