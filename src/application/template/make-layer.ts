import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import type { Lease } from '../../domain/machine/lease.js';
import type { RemoteLayout } from '../../domain/machine/remote-layout.js';
import { templateConfig } from '../../domain/machine/template-mark.js';
import { templateInstanceName, templatePlace } from '../../domain/machine/template-place.js';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import { newAcquisition, newOwner } from '../lease/owner.js';
import { makeHostDirectory, mayHaveMade, ownerOf, removeHostDirectory } from '../machine/host-directory.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachinePlace } from '../machine/machine-spec.js';
import type { MicrovmHost } from '../machine/microvm/microvm-host.js';
import type { MicrovmLayers } from '../machine/microvm/microvm-layers.js';
import { leaseLine } from '../machine/microvm/microvm-lease.js';
import type { JobSettings } from '../settings/job-settings.js';
import { isSnapshotMissing } from '../snapshot/is-snapshot-missing.js';
import { runSetup, SETUP_GRACE_SECS } from './run-setup.js';
import { REMOVE_BOUND_MS } from './template-bounds.js';
import { templateFault } from './template-fault.js';
import type { MakerParts } from './template-parts.js';
import { machineOfSetup, type TemplateCall, type TemplateRequest } from './template-request.js';

/** Its inputs may be evicted between the look at them and the mount. */
const EVICTIONS = 5;

export interface LayerParts extends MakerParts {
  readonly ports: MakerParts['ports'] & { readonly hostFiles: FileStore };
  readonly settings: MakerParts['settings'] & Pick<JobSettings, 'workDir' | 'microvm' | 'incusImageAlias'>;
  readonly microvmHost: MicrovmHost;
}

/** Whose the machine is in which a layer is made. */
interface Owned {
  readonly lease: Lease;
  readonly acquisition: Acquisition;
}

/**
 * Makes a template of microVMs: boots one that runs the setup, takes out what copies must not have and powers off; its disk is the layer. Who
 * makes it is who has the machine's directory, which has its lease from the beginning: what a killed runner leaves is known by that.
 */
export async function makeLayer(
  parts: LayerParts,
  layers: MicrovmLayers,
  request: TemplateRequest,
  call: TemplateCall,
): Promise<Result<'made' | 'taken', JobFault>> {
  const { ports, backends, hostTime, settings } = parts;
  const acquisition = newAcquisition();
  const ids = templatePlace(request.key);
  await hostTime.learn(call.signal);
  const expiresAtMs = hostTime.now() + settings.leaseMs;
  const lease = { ...ids, owner: newOwner(), acquisition, expiresAtMs };
  const { shared: layout } = backends.machine({ ...ids, acquisition }).context;
  const directory = { layout, acquisition };
  const claim = { ...directory, lease: leaseLine(lease) };
  const claimed = await makeHostDirectory(ports.hostFiles, claim, call.signal);
  if (claimed.isErr()) {
    // Of what it was about to put there; what is another's stays.
    if (mayHaveMade(claimed)) await removeHostDirectory(ports.hostFiles, directory);
    if (claimed.error.kind !== 'run_exists') return err(claimed.error);
    await removeLeft(parts, layers, { layout, request, signal: call.signal });
    return ok('taken');
  }
  const machine = backends.machine({ ...ids, acquisition });
  const made = await makeInDirectory(parts, layers, { lease, acquisition }, { machine, request, call });
  const removed = await removeMaker(ports.hostFiles, machine);
  if (made.isOk() || removed.isOk()) return made;
  const stays = `${machine.name} stays until its lease has ended, and "pikaci gc --remote" removes it then: ${removed.error.message}`;
  return err({ ...made.error, message: `${made.error.message}; ${stays}` });
}

/**
 * What a runner leaves that is killed when its machine is gone and the directory is not. A maker's directory has a machine, or the lease of
 * one, from the moment at which it appears; whose it is was read before that was looked for, so that of the next one is left alone.
 */
async function removeLeft(
  { ports: { hostFiles } }: LayerParts,
  layers: MicrovmLayers,
  { layout, request, signal }: { layout: RemoteLayout; request: TemplateRequest; signal: AbortSignal },
): Promise<void> {
  const owner = await ownerOf(hostFiles, layout, signal);
  if (owner.isErr() || owner.value === null) return;
  const looked = await layers.look(templateInstanceName(request.key), layout.remoteJobDir, signal);
  if (looked.isOk() && looked.value.kind === 'absent')
    await removeHostDirectory(hostFiles, { layout, acquisition: owner.value });
}

async function removeMaker(hostFiles: FileStore, machine: Machine): Promise<Result<void, JobFault>> {
  const bound = awakeBound(REMOVE_BOUND_MS);
  const removed = await machine.remove(bound);
  if (removed.isErr()) return removed;
  const { shared: layout } = machine.context;
  return await removeHostDirectory(hostFiles, { layout, acquisition: machine.acquisition }, bound);
}

interface Making {
  readonly machine: Machine;
  readonly request: TemplateRequest;
  readonly call: TemplateCall;
}

async function makeInDirectory(
  parts: LayerParts,
  layers: MicrovmLayers,
  owned: Owned,
  { machine, request, call }: Making,
): Promise<Result<'made' | 'taken', JobFault>> {
  const { ports, hostTime, settings } = parts;
  const { remoteJobDir: jobDir } = machine.context.shared;
  const name = templateInstanceName(request.key);
  // Somebody may have made it between the look and the claim.
  const looked = await layers.look(name, jobDir, call.signal);
  if (looked.isErr()) return err(looked.error);
  if (looked.value.kind === 'ready') return ok('taken');
  const lost = new AbortController();
  await using _renewer = new LeaseRenewer({
    place: machine.lease,
    clock: ports.clock,
    owner: owned.lease.owner,
    leaseMs: settings.leaseMs,
    hostTime,
    onSuperseded: (message) => lost.abort(message),
  });
  const booted = await boot(parts, owned, { machine, request, call });
  if (booted.isErr()) return err(booted.error);
  const passed = await runSetup(parts, booted.value, request, { ...call, superseded: lost.signal });
  if (passed.isErr()) return err(passed.error);
  const { alias, fingerprint } = request.base.image;
  const now = hostTime.now();
  const mark = { key: request.key, name: request.node.id, alias, fingerprint, bytes: null };
  const config = templateConfig({ ...mark, madeAtMs: now, lastUsedMs: now });
  const { acquisition } = owned;
  // Not the caller's signal: what is whole is kept.
  const kept = await layers.keep({ name, jobDir, acquisition, config }, new AbortController().signal);
  return kept
    .map((end) => (end === 'kept' ? ('made' as const) : end))
    .mapErr(({ message }) => templateFault(parts.ports.incus.host, message));
}

async function boot(
  { settings: { leaseMs }, hostTime, backends }: LayerParts,
  { lease, acquisition }: Owned,
  { request: { node, key, base, secrets, stageInputs }, call: { signal } }: Making,
): Promise<Result<Machine, JobFault>> {
  const spec = machineOfSetup(node);
  const command = buildGuestRequest({ ...node, command: node.setup, graceSecs: SETUP_GRACE_SECS });
  const boot = {
    request: command,
    secrets,
    artifacts: [],
    lifeSecs: node.timeoutSecs + 2 * SETUP_GRACE_SECS,
    keepFailedSecs: 0,
  };
  for (let eviction = 1; ; eviction++) {
    const staged = await stageInputs(signal);
    if (staged.isErr()) return err(staged.error);
    const mounted = staged.value === null ? {} : { snapshotHash: staged.value };
    const place: MachinePlace = { ...templatePlace(key), acquisition, base, keepsDisk: true, ...mounted };
    const resolved = await backends.machine(place).resolveBase(signal);
    if (resolved.isErr()) return err(resolved.error);
    const planned = await resolved.value.plan({ place, spec, boot }, signal);
    const expiresAtMs = hostTime.now() + leaseMs;
    const created = planned.isErr() ? planned : await planned.value.create({ ...lease, expiresAtMs }, signal);
    if (created.isOk() && planned.isOk()) return ok(planned.value.machine);
    if (created.isErr() && (eviction === EVICTIONS || signal.aborted || !isSnapshotMissing(created.error)))
      return err(created.error);
  }
}
