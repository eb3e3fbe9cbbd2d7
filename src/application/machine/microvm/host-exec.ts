import { err, ok, type Result } from 'neverthrow';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type { SupervisorExec, SupervisorInput } from '../../supervisor/supervised-guest.js';
import type { MicrovmHost } from './microvm-host.js';

/** A call of the host's script whose outputs are the supervisor's. */
export async function hostExec(
  host: MicrovmHost,
  words: readonly string[],
  stdin: SupervisorInput | undefined,
  { signal }: GuestCall,
): Promise<Result<SupervisorExec, GuestFault>> {
  const input = stdin === undefined ? {} : { stdin };
  const spawned = await host.spawn(words, { signal, phase: null, ...input });
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

function asGuestFault(fault: JobFault): GuestFault {
  const { message, cause } = fault;
  const seen = cause === undefined ? { message } : { message, cause };
  if (fault.kind === 'cancelled' || (cause?.kind === 'closed' && fault.kind === 'host'))
    return { kind: 'aborted', ...seen };
  return { kind: fault.kind === 'host' ? 'connection_lost' : 'refused', ...seen };
}
