import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { SupervisorSource } from '../../settings/supervisor-source.js';
import type { GuestCall } from '../../supervisor/guest.js';
import type { SupervisorTransport } from '../../supervisor/supervised-guest.js';
import { guestFault } from './incus-guest-fault.js';
import { supervisorCommand } from './supervisor-call.js';

/** The supervisor of one instance, spoken to through Incus's exec. */
export class IncusSupervisorTransport implements SupervisorTransport {
  readonly description: string;
  readonly #api: IncusApi;
  readonly #context: RemoteIncusContext;
  readonly #supervisor: SupervisorSource;

  constructor(api: IncusApi, context: RemoteIncusContext, supervisor: SupervisorSource) {
    this.#api = api;
    this.#context = context;
    this.#supervisor = supervisor;
    this.description = `${context.incusInstanceName} in project ${context.incusProject} on ${context.shared.remoteHost}`;
  }

  async exec(words: readonly string[], stdin: Uint8Array, { signal }: GuestCall) {
    const command = supervisorCommand(this.#supervisor, ...words);
    const { incusProject, incusInstanceName } = this.#context;
    const request = { command, stdin, user: 0, group: 0 };
    const exec = await this.#api.exec(incusProject, incusInstanceName, request, { signal });
    return exec
      .map((running) => ({
        output: running.output,
        exit: running.exit.then((exit) => exit.mapErr(guestFault)),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      }))
      .mapErr(guestFault);
  }
}
