import { err, type Result } from 'neverthrow';
import type { GuestCall, GuestFault } from '../supervisor/guest.js';
import type { SupervisorExec, SupervisorInput, SupervisorTransport } from '../supervisor/supervised-guest.js';

/**
 * Starts a machine that is there and does not run, once, when its supervisor is asked for something: after the host was restarted, or when the
 * guest has switched itself off. Its files are as they were, and the log, the exit record and the artifacts are among them; what had run does not
 * run again. One that is off again after that is gone.
 */
export class WakingTransport implements SupervisorTransport {
  readonly description: string;
  readonly #transport: SupervisorTransport;
  readonly #start: (call: GuestCall) => Promise<Result<void, GuestFault>>;
  #isWoken = false;

  constructor(transport: SupervisorTransport, start: (call: GuestCall) => Promise<Result<void, GuestFault>>) {
    this.description = transport.description;
    this.#transport = transport;
    this.#start = start;
  }

  async exec(
    words: readonly string[],
    stdin: SupervisorInput,
    call: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    const asked = await this.#transport.exec(words, stdin, call);
    // A stream may have been read in part.
    if (asked.isOk() || asked.error.kind !== 'not_running' || !(stdin instanceof Uint8Array)) return asked;
    if (this.#isWoken) return err({ ...asked.error, kind: 'gone' });
    const started = await this.#start(call);
    if (started.isErr()) {
      const { kind, message } = started.error;
      if (kind === 'connection_lost' || kind === 'aborted') return err(started.error);
      this.#isWoken = true;
      return err({
        ...started.error,
        kind: 'gone',
        message: `${asked.error.message}, and does not start: ${message}`,
      });
    }
    this.#isWoken = true;
    return await this.#transport.exec(words, stdin, call);
  }
}
