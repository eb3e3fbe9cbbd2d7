import { err, ok, type Result } from 'neverthrow';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi, IncusExec } from '../../../ports/incus-api.js';
import type { SupervisorSource } from '../../settings/supervisor-source.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type {
  SupervisorExec,
  SupervisorInput,
  SupervisorTransport,
} from '../../supervisor/supervised-guest.js';
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

  async exec(
    words: readonly string[],
    stdin: SupervisorInput,
    { signal }: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    const command = supervisorCommand(this.#supervisor, ...words);
    const { incusProject, incusInstanceName } = this.#context;
    const streamed = !(stdin instanceof Uint8Array);
    const request = { command, stdin: streamed ? ('open' as const) : stdin, user: 0, group: 0 };
    const exec = await this.#api.exec(incusProject, incusInstanceName, request, { signal });
    if (exec.isErr()) return err(guestFault(exec.error));
    const running = exec.value;
    if (streamed) void feed(running, stdin);
    return ok({
      output: running.output,
      exit: running.exit.then((exit) => exit.mapErr(guestFault)),
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    });
  }
}

/** Input that breaks off ends the call: half of a file must not be taken for the whole. */
async function feed(running: IncusExec, input: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const data of input) if ((await running.write(data)).isErr()) return;
    await running.endInput();
  } catch {
    await running[Symbol.asyncDispose]();
  }
}
