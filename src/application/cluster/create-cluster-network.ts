import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusCreateNetwork } from '../../ports/incus-types.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { awakeBound } from '../../streams/awake-timer.js';

const UNDO_MS = 30_000;

/**
 * Makes a network in a cluster: each member is told of it first, and then all of them make it. Its name has to be the caller's own: what
 * a failed attempt has told is taken back. With a member that is down Incus makes none.
 */
export async function createClusterNetwork(
  incus: IncusApi,
  project: string,
  network: IncusCreateNetwork,
  options: CallOptions = {},
): Promise<Result<void, IncusFault>> {
  const members = await incus.clusterMembers(options);
  if (members.isErr()) return err(members.error);
  const down = members.value.filter(({ status }) => status === 'Offline').map(({ name }) => name);
  if (down.length > 0) {
    const message = `the network ${network.name} has to be made on all members of the cluster, and ${down.join(', ')} is offline: wait for it, or name networks that all members have as "incus": {"serviceNetworks": […]}`;
    const tried = 'POST /1.0/networks';
    return err({ kind: 'invalid_request', host: incus.host, tried, status: null, message });
  }
  // One after the other: of two at once the second would find the first half told.
  for (const { name: target } of members.value) {
    const told = await incus.createNetwork(project, { ...network, config: {} }, { ...options, target });
    if (told.isErr() && told.error.kind !== 'already_exists') return err(await undone(told.error));
  }
  const made = await incus.createNetwork(project, network, options);
  return made.isOk() ? ok(undefined) : err(await undone(made.error));

  async function undone(fault: IncusFault): Promise<IncusFault> {
    await incus.deleteNetwork(project, network.name, { signal: awakeBound(UNDO_MS) });
    return fault;
  }
}
