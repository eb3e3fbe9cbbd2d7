import { err, ok, type Result } from 'neverthrow';
import { leaseHasEnded, newLeaseConfig, readLease } from '../../../domain/machine/lease.js';
import { sha256Hex } from '../../../domain/values/content-hash.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusNetwork } from '../../../ports/incus-types.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type {
  ClaimNetwork,
  GuestAnswer,
  GuestCommand,
  JobNetwork,
  Networked,
  Seat,
  ServiceNetworks,
} from '../service-networks.js';
import { claimSlot } from './claim-slot.js';
import { runInInstance } from './run-in-instance.js';
import { macOf, SERVICE_DEVICE, serviceDevice } from './service-device.js';
import { SETTLE } from './settle-script.js';

const PHASE = 'start_services' as const;
const ACL = 'pikaci-services';
/** What its machines have of addresses. They are nobody's in any network (RFC 2544), and the bridge itself has none. */
const SUBNET = '198.18.0.0/24';
const CREATION_ROUNDS = 10;
const CREATION_MS = 60_000;
const REMOVAL_ROUNDS = 25;
const PAUSE_MS = 200;
/** What `SETTLE` ends with while the interface is not there yet. */
const NOT_YET = 75;
const SETTLE_ROUNDS = 50;

export interface ServiceNetworkSettings {
  readonly incusProject: string;
  /** Networks that are there; none where pikaci makes them. */
  readonly serviceNetworks: readonly string[];
  readonly quotaWaitMs: number;
  readonly trust: 'trusted' | 'untrusted';
}

/**
 * A bridge for each job, without an address of its own: nothing on it routes, and its border lets nothing pass (ACL), since a host answers for
 * each of its addresses on each of its interfaces. Where pikaci may not make and remove networks, those that the configuration names.
 */
export class IncusServiceNetworks implements ServiceNetworks {
  readonly #ports: { readonly incus: IncusApi; readonly clock: Clock };
  readonly #settings: ServiceNetworkSettings;

  constructor(ports: { readonly incus: IncusApi; readonly clock: Clock }, settings: ServiceNetworkSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  async claim(call: ClaimNetwork): Promise<Result<JobNetwork, JobFault>> {
    const { serviceNetworks: names } = this.#settings;
    const claimed = names.length > 0 ? await this.#slot(names, call) : await this.#make(call);
    if (claimed.isErr()) return err(claimed.error);
    if (!claimed.value.own) return claimed;
    const joined = await this.join(call.machine, claimed.value, call.signal);
    return joined.map(() => claimed.value);
  }

  planned(machine: Networked): JobNetwork | null {
    return this.#settings.serviceNetworks.length > 0 ? null : { name: nameFor(machine), own: true };
  }

  async join(machine: Networked, { name }: JobNetwork, signal: AbortSignal): Promise<Result<void, JobFault>> {
    const devices = { [SERVICE_DEVICE]: serviceDevice(machine, name) };
    const at = projectOf(machine, this.#settings);
    const patched = await this.#ports.incus.patchInstance(at, machine.name, {}, { devices, signal });
    return patched.mapErr((fault) => told(`put ${machine.name} on the network ${name}`, fault));
  }

  async settle(
    machine: Networked,
    { address, hosts }: Seat,
    signal: AbortSignal,
  ): Promise<Result<void, JobFault>> {
    const words = ['/bin/sh', '-c', SETTLE, 'pikaci-services', macOf(machine), address, ...hosts] as const;
    for (let round = 1; ; round++) {
      const answer = await this.run(machine, { command: words }, signal);
      if (answer.isErr()) return err(answer.error);
      const { code, said } = answer.value;
      if (code === 0) return ok(undefined);
      const isLast = code !== NOT_YET || round === SETTLE_ROUNDS;
      if (isLast || (await this.#ports.clock.sleep(PAUSE_MS, signal)) === 'aborted') {
        const message = `${machine.name} could not be given its address on the network of its job: ${said.trim()}`;
        return err({ kind: 'guest', phase: PHASE, host: this.#ports.incus.host, message });
      }
    }
  }

  async run(
    machine: Networked,
    call: GuestCommand,
    signal: AbortSignal,
  ): Promise<Result<GuestAnswer, JobFault>> {
    const at = { project: projectOf(machine, this.#settings), name: machine.name };
    const answer = await runInInstance(this.#ports.incus, at, call, signal);
    return answer.mapErr((fault) => incusFault(fault, PHASE));
  }

  async remove({ name, own }: JobNetwork, signal: AbortSignal): Promise<Result<void, JobFault>> {
    if (!own) return ok(undefined);
    for (let round = 1; ; round++) {
      const removed = await this.#ports.incus.deleteNetwork(this.#settings.incusProject, name, { signal });
      if (removed.isOk() || removed.error.kind === 'not_found') return ok(undefined);
      // Who may not make networks may not remove them either, and has made none.
      if (removed.error.kind === 'permission_denied' && !(await this.#isThere(name, signal)))
        return ok(undefined);
      // A machine on it is still going.
      const settles = removed.error.kind === 'invalid_request' || removed.error.kind === 'server_error';
      if (!settles || round === REMOVAL_ROUNDS) return err(incusFault(removed.error, 'clean_up'));
      await this.#ports.clock.sleep(PAUSE_MS, signal);
    }
  }

  async sweep(
    nowMs: number,
    { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ): Promise<Result<readonly string[], JobFault>> {
    const listed = await this.#ports.incus.networks(this.#settings.incusProject, { signal });
    if (listed.isErr()) return err(incusFault(listed.error, 'clean_up'));
    const swept: string[] = [];
    for (const network of listed.value) {
      const { name, usedBy } = network;
      if (usedBy.length > 0 || !hasEnded(network, nowMs)) continue;
      // One that is used by now is refused by the daemon, and stays.
      const isGone =
        dryRun ||
        (await this.#ports.incus.deleteNetwork(this.#settings.incusProject, name, { signal })).isOk();
      if (isGone) swept.push(name);
    }
    return ok(swept);
  }

  async #isThere(name: string, signal: AbortSignal): Promise<boolean> {
    const found = await this.#ports.incus.network(this.#settings.incusProject, name, { signal });
    return found.isOk() || !['not_found', 'permission_denied'].includes(found.error.kind);
  }

  #slot(names: readonly string[], { machine, signal }: ClaimNetwork): Promise<Result<JobNetwork, JobFault>> {
    const { quotaWaitMs: waitMs, trust } = this.#settings;
    const project = projectOf(machine, this.#settings);
    return claimSlot(this.#ports, { machine, project, names, waitMs, trust }, signal);
  }

  async #make({
    machine,
    runId,
    jobId,
    expiresAtMs,
    signal,
  }: ClaimNetwork): Promise<Result<JobNetwork, JobFault>> {
    const { incus } = this.#ports;
    const { incusProject: project } = this.#settings;
    const listed = await incus.networks(project, { signal });
    if (listed.isErr()) return err(told('list the networks', listed.error));
    // Each that is managed has some configuration: who sees none of it is restricted to projects, and could not remove what it makes.
    const managed = listed.value.filter((one) => one.managed);
    if (managed.length > 0 && managed.every(({ config }) => Object.keys(config).length === 0))
      return err(notAllowed(incus.host, 'its certificate is restricted to projects'));
    const acl = await incus.createNetworkAcl(project, BORDER, { signal });
    if (acl.isErr() && acl.error.kind !== 'already_exists') return err(notMade(acl.error));
    const { acquisition } = machine;
    const name = nameFor(machine);
    const lease = { runId, jobId, owner: '', acquisition, expiresAtMs };
    const network = {
      name,
      description: `pikaci ${runId}/${jobId} until ${expiresAtMs}`,
      config: {
        'ipv4.address': 'none',
        'ipv6.address': 'none',
        'security.acls': ACL,
        'security.acls.default.ingress.action': 'drop',
        'security.acls.default.egress.action': 'drop',
        ...newLeaseConfig(lease),
      },
    };
    for (let round = 1; ; round++) {
      if (signal.aborted) return err(cancelled(incus.host));
      // Not the caller's signal: it would leave one behind of which nobody knows whether it is there.
      const made = await incus.createNetwork(project, network, { signal: awakeBound(CREATION_MS) });
      if (made.isOk()) return ok({ name, own: true });
      // Incus looks at every interface of the host, and fails when one of another machine goes meanwhile. Its name is nobody else's.
      const mayPass =
        made.error.kind === 'server_error' || (made.error.kind === 'already_exists' && round > 1);
      if (!mayPass || round === CREATION_ROUNDS) return err(notMade(made.error));
      await incus.deleteNetwork(project, name, { signal });
      if ((await this.#ports.clock.sleep(PAUSE_MS, signal)) === 'aborted') return err(notMade(made.error));
    }
  }
}

/** Where the kernel shows frames within a bridge to the packet filter as well (`br_netfilter`, as Docker wants it), they pass by these rules. */
const BORDER = {
  name: ACL,
  description: 'pikaci: nothing but the addresses of services, which the host does not have',
  egress: [{ action: 'allow', destination: SUBNET }],
  ingress: [{ action: 'allow', source: SUBNET }],
} as const;

/** A cluster keeps of a network that was told to its members, and not made yet, nothing but the description. */
function hasEnded({ status, description = '', config }: IncusNetwork, nowMs: number): boolean {
  const lease = readLease(config);
  if (lease !== null) return leaseHasEnded(lease, nowMs);
  const [, until] = /^pikaci \S+ until (\d{1,15})$/.exec(description) ?? [];
  return status === 'Pending' && until !== undefined && Number(until) < nowMs;
}

function nameFor({ name, acquisition }: Networked): string {
  return `pks-${sha256Hex(acquisition ?? name).slice(0, 10)}`;
}

function cancelled(host: string): JobFault {
  return {
    kind: 'cancelled',
    phase: PHASE,
    host,
    message: 'cancelled before the network of the job’s services was made',
  };
}

/** That of the job's record, where it is not the configured one. */
function projectOf({ context }: Networked, { incusProject }: ServiceNetworkSettings): string {
  return context.backend === 'incus' ? context.incusProject : incusProject;
}

function told(what: string, fault: IncusFault): JobFault {
  const { message, ...rest } = incusFault(fault, PHASE);
  return { ...rest, message: `${what}: ${message}` };
}

function notMade(fault: IncusFault): JobFault {
  if (fault.kind !== 'permission_denied') return told('make the network of the job’s services', fault);
  return { ...incusFault(fault, PHASE), ...notAllowed(fault.host, fault.message) };
}

function notAllowed(host: string, why: string): JobFault {
  const message = `this client may not make and remove networks (${why}): make some as docs/services.md says, and name them in "incus.serviceNetworks"`;
  return { kind: 'incus', phase: PHASE, host, message };
}
