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
  const { certificates, files, warnings } = inherited.value;
  const said = [...warnings];
  const given = async <T>(what: string, give: () => Promise<Result<T, GuestFault>>) => {
    const pause = new LossPause(clock, signal, reconnectMs);
    for (;;) {
      const done = await give();
      if (done.isOk()) return ok(done.value);
      if (isPassing(done.error) && (await pause.afterLoss())) continue;
      const { kind, message, cause } = done.error;
      const fault: JobFault = {
        kind:
          signal.aborted || kind === 'aborted' ? 'cancelled' : kind === 'connection_lost' ? 'host' : 'guest',
        phase,
        host: context.shared.remoteHost,
        message: `"inherit": ${what} of the host could not be given to ${name}: ${message}`,
        ...(cause === undefined ? {} : { cause }),
      };
      return err(fault);
    }
  };
  if (certificates.length > 0) {
    const list = Buffer.from(certificateList(certificates));
    const trusts = await given('the certificates', () => supervisor.trust(list, { signal }));
    if (trusts.isErr()) return err(trusts.error);
    if (trusts.value.trouble !== null) said.push(`"inherit.ca" in ${name}: ${trusts.value.trouble}`);
  }
  for (const { path, content } of files) {
    const bytes = Buffer.from(content);
    const file = { path, mode: 0o644, size: bytes.length, owner: 'root', atOnce: true, unlessThere: true };
    const put = await given(path, () =>
      supervisor.put(
        file,
        (async function* () {
          yield bytes;
        })(),
        { signal },
      ),
    );
    if (put.isErr()) return err(put.error);
  }
  return ok(said);
}

const isPassing = ({ kind }: GuestFault) => kind === 'connection_lost' || kind === 'not_running';
