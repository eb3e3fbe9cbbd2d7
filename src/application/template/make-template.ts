import { err, ok, type Result } from 'neverthrow';
import { TEMPLATE_SNAPSHOT } from '../../domain/machine/template-mark.js';
import { templatePlace } from '../../domain/machine/template-place.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import { newAcquisition, newOwner } from '../lease/owner.js';
import { writeLease } from '../lease/write-lease.js';
import { type LaunchTurn, launchInTurn } from '../machine/launch-in-turn.js';
import type { Machine, MachinePlan } from '../machine/machine-backend.js';
import type { MachineBaseSource, MachinePlace, MachineSpec } from '../machine/machine-spec.js';
import { isSnapshotMissing } from '../snapshot/is-snapshot-missing.js';
import { finishTemplate, type MakersHold } from './finish-template.js';
import { runSetup } from './run-setup.js';
import { REMOVE_BOUND_MS } from './template-bounds.js';
import { templateFault } from './template-fault.js';
import type { MakerParts } from './template-parts.js';
import { machineOfSetup, type TemplateCall, type TemplateRequest } from './template-request.js';

/** For a change of the machine as a whole, when the setup has passed: who waits for a maker that was killed then waits no longer for it. */
const CHANGE_MS = 60_000;
/** Its inputs may be evicted between the look at them and the mount. */
const EVICTIONS = 5;

/** Makes a template of Incus. Of several who make one of the same key at once, one creates its instance. */
export async function makeTemplate(
  parts: MakerParts,
  request: TemplateRequest,
  call: TemplateCall,
): Promise<Result<'made' | 'taken', JobFault>> {
  const owner = newOwner();
  const created = await createMachine(parts, request, { owner, call });
  if (created.isErr()) return created.error.kind === 'run_exists' ? ok('taken') : err(created.error);
  const { machine } = created.value;
  const made = await setUp(parts, { plan: created.value, owner, request, call });
  if (made.isOk()) return ok('made');
  const removed = await machine.remove(awakeBound(REMOVE_BOUND_MS));
  if (removed.isOk()) return err(made.error);
  const stays = `${machine.name} stays until its lease has ended, and "pikaci gc --remote" removes it then: ${removed.error.message}`;
  return err({ ...made.error, message: `${made.error.message}; ${stays}` });
}

async function createMachine(
  { backends, hostTime, settings, ports, lines }: MakerParts,
  { node, key, base, stageInputs }: TemplateRequest,
  { owner, call }: { readonly owner: string; readonly call: TemplateCall },
): Promise<Result<MachinePlan, JobFault>> {
  const acquisition = newAcquisition();
  const { runId, jobId } = templatePlace(key);
  const spec = machineOfSetup(node);
  const { signal } = call;
  const planned = async () => {
    const staged = await stageInputs(signal);
    if (staged.isErr()) return err(staged.error);
    const mounted = staged.value === null ? {} : { snapshotHash: staged.value };
    const place: MachinePlace = { runId, jobId, acquisition, base, isKept: true, ...mounted };
    return await plan(backends.machine(place), { place, spec }, signal);
  };
  const turn: LaunchTurn = {
    clock: ports.clock,
    line: lines.of(spec.instanceType),
    priority: 0,
    waitMs: settings.quotaWaitMs,
    signal,
    neverFits: async (bound) => {
      const made = await planned();
      return made.isOk() && ((await made.value.neverFits?.(bound)) ?? false);
    },
    queued: async (why, wait) => {
      const finish = call.onQueued?.(why);
      const waited = await wait();
      finish?.(waited.isOk());
      return waited;
    },
  };
  return await launchInTurn(turn, async () => {
    for (let eviction = 1; ; eviction++) {
      const made = await planned();
      if (made.isErr()) return err(made.error);
      await hostTime.learn(signal);
      const lease = { runId, jobId, owner, acquisition, expiresAtMs: hostTime.now() + settings.leaseMs };
      const created = await made.value.create(lease, signal);
      if (created.isOk()) return ok(made.value);
      if (eviction === EVICTIONS || signal.aborted || !isSnapshotMissing(created.error))
        return err(created.error);
    }
  });
}

async function plan(
  machine: Machine,
  { place, spec }: { readonly place: MachinePlace; readonly spec: MachineSpec },
  signal: AbortSignal,
): Promise<Result<MachinePlan, JobFault>> {
  const base = await machine.resolveBase(signal);
  return base.isErr() ? err(base.error) : await base.value.plan({ place, spec, boot: null }, signal);
}

interface SettingUp {
  readonly plan: MachinePlan;
  readonly owner: string;
  readonly request: TemplateRequest;
  readonly call: TemplateCall;
}

async function setUp(
  parts: MakerParts,
  { plan: { machine, equip }, owner, request, call }: SettingUp,
): Promise<Result<void, JobFault>> {
  const { ports, settings, hostTime } = parts;
  const lost = new AbortController();
  const hold: MakersHold = {
    during: async (work) => {
      await using _renewer = new LeaseRenewer({
        place: machine.lease,
        clock: ports.clock,
        owner,
        leaseMs: settings.leaseMs,
        hostTime,
        onSuperseded: (message) => lost.abort(message),
      });
      return await work();
    },
    keep: async () => {
      const bound = awakeBound(CHANGE_MS);
      const expiresAtMs = (await hostTime.fresh(bound)) + Math.max(CHANGE_MS, settings.leaseMs);
      const kept = await writeLease(machine.lease, { owner, expiresAtMs }, owner, bound);
      return kept.mapErr((error) =>
        error.kind === 'superseded' ? templateFault(ports.incus.host, error.message) : error.fault,
      );
    },
  };
  const passed = await hold.during(async () => {
    // What does not go well on the way is told of each copy as well, which has it done again.
    const equipped = await equip?.(machine, call.signal);
    if (equipped?.isErr()) return err(equipped.error);
    return await runSetup(parts, machine, request, { ...call, superseded: lost.signal });
  });
  if (passed.isErr()) return err(passed.error);
  const { alias, fingerprint } = request.base.image;
  const mark = { key: request.key, name: request.node.id, alias, fingerprint };
  return await finishTemplate(parts, { instance: machine.name, owner, mark, hold });
}

/** What a machine is made from that is a copy of a template. */
export function copyOfTemplate(instance: string, image: MachineBaseSource['image']): MachineBaseSource {
  return { image, copyOf: { instance, snapshot: TEMPLATE_SNAPSHOT } };
}
