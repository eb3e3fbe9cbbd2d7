import { err, ok, type Result } from 'neverthrow';
import { certificateList } from '../../../domain/machine/certificates.js';
import type { Clock } from '../../../ports/clock.js';
import { LossPause } from '../../artifacts/loss-pause.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestFault } from '../../supervisor/guest.js';
import type { Machine } from '../machine-backend.js';
import type { HostNetwork } from './host-network.js';

export interface EquipParts {
  readonly network: HostNetwork;
  readonly clock: Clock;
  /** How long a machine is waited for that does not answer yet, as a virtual machine whose agent starts. */
  readonly reconnectMs: number;
}

/** Gives a machine that was just made what it inherits beside variables, before anything runs in it. Says what did not go well. */
export async function equipMachine(
  { network, clock, reconnectMs }: EquipParts,
  { supervisor, context, name }: Machine,
  signal: AbortSignal,
): Promise<Result<readonly string[], JobFault>> {
  const phase = 'launch_guest';
  const inherited = await network.learn();
  if (inherited.isErr()) return err({ ...inherited.error, phase });
  const { certificates, warnings } = inherited.value;
  if (certificates.length === 0) return ok(warnings);
  const list = Buffer.from(certificateList(certificates));
  const pause = new LossPause(clock, signal, reconnectMs);
  for (;;) {
    const trusts = await supervisor.trust(list, { signal });
    if (trusts.isOk()) {
      const { trouble } = trusts.value;
      return ok(trouble === null ? warnings : [...warnings, `"inherit.ca" in ${name}: ${trouble}`]);
    }
    if (isPassing(trusts.error) && (await pause.afterLoss())) continue;
    const { kind, message, cause } = trusts.error;
    return err({
      kind:
        signal.aborted || kind === 'aborted' ? 'cancelled' : kind === 'connection_lost' ? 'host' : 'guest',
      phase,
      host: context.shared.remoteHost,
      message: `"inherit.ca": the certificates of the host could not be given to ${name}: ${message}`,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const isPassing = ({ kind }: GuestFault) => kind === 'connection_lost' || kind === 'not_running';
