import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { JobNetwork, Networked } from '../service-networks.js';
import { SERVICE_DEVICE, serviceDevice } from './service-device.js';

const PHASE = 'start_services' as const;
const PAUSE_MS = 500;

export interface ClaimSlot {
  readonly machine: Networked;
  readonly project: string;
  /** Of networks that are there. */
  readonly names: readonly string[];
  readonly waitMs: number;
  readonly trust: 'trusted' | 'untrusted';
}

/**
 * Puts a machine on the first of several networks on which it is alone. Each goes there first and looks then: of two that come at the same
 * time at least one sees the other, and whoever sees another goes, so that never two stay.
 */
export async function claimSlot(
  { incus, clock }: { readonly incus: IncusApi; readonly clock: Clock },
  { machine, project, names, waitMs, trust }: ClaimSlot,
  signal: AbortSignal,
): Promise<Result<JobNetwork, JobFault>> {
  const { name: own } = machine;
  const until = clock.monotonic() + waitMs;
  for (let round = 0; ; round++) {
    const first = Math.floor(Math.random() * names.length);
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const closed = trust === 'untrusted' ? await whyOpen(name) : ok(null);
      if (closed.isErr()) return err(closed.error);
      const others = await onNetwork(name);
      if (others.isErr()) return err(others.error);
      if (others.value > 0) continue;
      const put = await device(serviceDevice(machine, name));
      if (put.isErr()) return err(put.error);
      const now = await onNetwork(name);
      if (now.isErr()) return err(now.error);
      if (now.value === 0) return ok({ name, own: false });
      const left = await device({ type: 'none' });
      if (left.isErr()) return err(left.error);
    }
    const pause = PAUSE_MS * (0.5 + Math.random());
    if (clock.monotonic() + pause > until || (await clock.sleep(pause, signal)) === 'aborted')
      return err(noneFree(round));
  }

  async function onNetwork(network: string): Promise<Result<number, JobFault>> {
    const listed = await incus.instances(project, { signal });
    return listed
      .map(
        (all) =>
          all.filter(
            ({ name, expandedDevices }) =>
              name !== own && Object.values(expandedDevices).some((one) => one['network'] === network),
          ).length,
      )
      .mapErr((fault) => incusFault(fault, PHASE));
  }

  async function device(value: Readonly<Record<string, string>>): Promise<Result<void, JobFault>> {
    const devices = { [SERVICE_DEVICE]: value };
    const patched = await incus.patchInstance(project, own, {}, { devices, signal });
    return patched.mapErr((fault) => {
      const known = incusFault(fault, PHASE);
      const network = value['network'] ?? '';
      return { ...known, message: `"incus.serviceNetworks": ${network} cannot be used: ${known.message}` };
    });
  }

  async function whyOpen(name: string): Promise<Result<null, JobFault>> {
    const found = await incus.network(project, name, { signal });
    if (found.isErr()) return err(incusFault(found.error, PHASE));
    if ((found.value.config['security.acls'] ?? '').trim() !== '') return ok(null);
    const message = `the network "${name}" has no ACL (security.acls) that this client sees: a run that is not trusted could reach the host by it`;
    const field = 'incus.serviceNetworks';
    return err({ kind: 'not_trusted', phase: PHASE, host: incus.host, message, field });
  }

  function noneFree(round: number): JobFault {
    const kind = signal.aborted ? 'cancelled' : 'incus';
    const message = signal.aborted
      ? 'cancelled while no network for services was free'
      : `none of the networks of "incus.serviceNetworks" (${names.join(', ')}) was free after ${round + 1} looks: name more of them, or run fewer jobs with services at once`;
    return { kind, phase: PHASE, host: incus.host, message };
  }
}
