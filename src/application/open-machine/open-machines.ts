import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import {
  type OpenMachineSpec,
  type OpenMachineSpecInput,
  openMachineSpecSchema,
} from '../../domain/machine/open-machine-spec.js';
import { type MachineStateLayout, machineStateLayout } from '../../domain/records/machine-layout.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import { whyNoKey } from '../../domain/values/proto-key.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { EventSink } from '../../ports/event-sink.js';
import { makeStateRoot } from '../directories/state-root.js';
import { Journal } from '../events/journal.js';
import type { MachineFault, OpenMachineFault } from '../faults/machine-fault.js';
import type { PlannedMachine } from '../machine/acquire-machine.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { scanAhead } from '../snapshot/scan-ahead.js';
import { stageWorkspace } from '../snapshot/stage-workspace.js';
import { claimMachine } from './claim-machine.js';
import { HeldMachine, type HeldMachineInput } from './held-machine.js';
import { loadMachineRecord, markGone, saveMachineRecord } from './machine-records.js';
import { OpenMachine } from './open-machine.js';
import type { OpenMachineParts } from './open-machine-parts.js';
import { removeMachineState } from './remove-state.js';
import { takeUpLease } from './take-up-lease.js';
import { neverOpened, notBeingOpened } from './unopened.js';

/** The id of the one machine below `runs/<machine id>` on the host. */
const JOB_ID = 'machine';

/** Who hears of a machine while it is opened or taken up, and what ends the attempt. */
export interface MachineCallOptions {
  /** Gets the phases of opening, warnings, and `cleaned_up`. */
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

export interface OpenMachineInput extends OpenMachineSpecInput, MachineCallOptions {
  /** A new one is made when left out: like a run id, it sorts by time. */
  readonly id?: string;
  /** Instead of `incus.quotaWaitSecs`: how long a machine is waited for that the project has no room for. */
  readonly quotaWaitSecs?: number;
}

/** Opens machines that stay up between steps, and takes up those that other processes have opened. */
export class OpenMachines {
  readonly #parts: OpenMachineParts;
  readonly #held = new Set<HeldMachine>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(parts: OpenMachineParts) {
    this.#parts = parts;
  }

  /** `base` is what it is made from where that is no image. */
  async open(
    { signal, ...input }: OpenMachineInput,
    base?: MachineBaseSource,
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const ends =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const opening = this.#open(input, ends, base);
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  async #open(
    input: Omit<OpenMachineInput, 'signal'>,
    signal: AbortSignal,
    base: MachineBaseSource | undefined,
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const { ports, settings, acquireMachine, stageSnapshot } = this.#parts;
    const { events, id: given, quotaWaitSecs, ...spec } = input;
    const checked = this.#check(given, spec);
    if (checked.isErr()) return err(checked.error);
    const { id, options } = checked.value;
    const state = machineStateLayout(settings.stateRoot, id);
    const rooted = await makeStateRoot(ports.localFiles, settings.stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    const claimed = await claimMachine(ports, state, signal);
    if (claimed.isErr()) return err(claimed.error);
    await using _claim = claimed.value;
    const journal = this.#journal(id, state, events);
    const { workspace, image, leaseSecs } = options;
    const acquired = await acquireMachine.acquire<MachineRecord>({
      place: {
        runId: id,
        jobId: JOB_ID,
        isOpen: true,
        ...(image === undefined ? {} : { incusImageAlias: image }),
        ...(base === undefined ? {} : { base }),
      },
      spec: options,
      boot: null,
      leaseMs: leaseSecs * 1000,
      ...(quotaWaitSecs === undefined ? {} : { quotaWaitMs: quotaWaitSecs * 1000 }),
      journal,
      stage: async (whileUseful) => {
        if (workspace === undefined) return ok(null);
        const scan = scanAhead(ports.scanner, workspace, whileUseful);
        const { host } = ports.shell;
        return await stageWorkspace({ scan, stageSnapshot, journal, host, signal: whileUseful });
      },
      record: async (made) => {
        const record = newRecord(id, options, {
          ...made,
          createdAtMs: ports.clock.now(),
          daemon: this.#parts.backends.daemon,
        });
        const saved = await saveMachineRecord(ports.localFiles, state, record);
        return saved.map(() => record);
      },
      signal,
    });
    if (acquired.isErr()) {
      await journal.hostLog.flushed();
      // The id is free again: the caller is told what went wrong.
      await removeMachineState(ports.localFiles, id, state);
      return err(acquired.error);
    }
    const { machine, record, settled } = acquired.value;
    return ok(this.#hold({ id, machine, spec: options, record, state, journal, settled }));
  }

  /** From another process, or minutes later: the machine of a record, if it is still there and nobody else's. */
  async attach(
    id: string,
    { events, signal }: MachineCallOptions = {},
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const { ports, settings, backends, hostTime } = this.#parts;
    const valid = machineIdSchema.safeParse(id);
    if (!valid.success) return err(this.#invalid('id', valid.error.issues[0]?.message));
    const state = machineStateLayout(settings.stateRoot, id);
    const opened = await notBeingOpened(ports, { id, state }, signal);
    if (opened.isErr()) return err(opened.error);
    const loaded = await loadMachineRecord(ports.localFiles, state);
    if (loaded.isErr()) {
      const never = loaded.error.kind === 'no_such_machine' ? await neverOpened(ports, { id, state }) : null;
      return err(never ?? loaded.error);
    }
    const record = loaded.value;
    const { host } = ports.shell;
    if (record.released_at !== null) {
      const message = `the machine ${id} was released at ${record.released_at}`;
      return err({ kind: 'machine_released', host, message });
    }
    const spec = openMachineSpecSchema.safeParse(withoutIdleUser(record.spec));
    if (!spec.success) {
      const message = `${state.machineRecord}: spec cannot be read`;
      return err({ kind: 'local_files', phase: null, host: ports.localFiles.host, message });
    }
    const mismatch = mismatchOf(record, this.#parts);
    if (mismatch !== null) return err({ kind: 'config_mismatch', phase: null, host, message: mismatch });
    const machine = backends.machine({
      runId: id,
      jobId: JOB_ID,
      acquisition: record.acquisition ?? null,
      isOpen: true,
      ...(record.incus_project === null ? {} : { incusProject: record.incus_project }),
      ...(record.snapshot_hash === null ? {} : { snapshotHash: record.snapshot_hash }),
    });
    const taken = await takeUpLease(
      {
        id,
        machine,
        record,
        hostTime,
        clock: ports.clock,
        leaseMs: spec.data.leaseSecs * 1000,
        daemon: () => backends.daemon,
      },
      signal,
    );
    if (taken.isErr()) {
      if (taken.error.kind === 'machine_gone') await markGone(ports, state, record);
      return err(taken.error);
    }
    const journal = this.#journal(id, state, events);
    const settled = Promise.resolve();
    return ok(this.#hold({ id, machine, spec: spec.data, record, state, journal, settled }));
  }

  /** Gives up all that this process holds: each stays for its lease, for whoever attaches. One that is being opened is undone. */
  async leaveAll(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#opening);
    await Promise.allSettled([...this.#held].map((held) => held.leave()));
  }

  #hold(input: Omit<HeldMachineInput, 'parts' | 'onEnded'>): OpenMachine {
    const held: HeldMachine = new HeldMachine({
      ...input,
      parts: this.#parts,
      onEnded: () => this.#held.delete(held),
    });
    this.#held.add(held);
    return new OpenMachine(held);
  }

  #check(
    given: string | undefined,
    spec: OpenMachineSpecInput,
  ): Result<{ readonly id: string; readonly options: OpenMachineSpec }, MachineFault> {
    const unreadable = whyNoKey(spec);
    const options = openMachineSpecSchema.safeParse(spec);
    if (!options.success || unreadable !== null) {
      const issue = unreadable ?? options.error?.issues[0];
      return err(this.#invalid((issue?.path ?? []).map(String).join('.') || 'machine', issue?.message));
    }
    const id = machineIdSchema.safeParse(given ?? runIdAt(this.#parts.ports.clock.now(), randomBytes(3)));
    if (!id.success) return err(this.#invalid('id', id.error.issues[0]?.message));
    if (options.data.image !== undefined && this.#parts.backends.name === 'microvm')
      return err(this.#invalid('image', 'a microVM is booted from a runner, and has no image to choose'));
    return ok({ id: id.data, options: options.data });
  }

  #journal(id: string, state: MachineStateLayout, events: EventSink | undefined): Journal {
    const { localFiles, clock } = this.#parts.ports;
    return new Journal({
      runId: id,
      jobId: JOB_ID,
      hostLog: state.hostLog,
      secrets: [],
      localFiles,
      clock,
      events,
    });
  }

  #invalid(field: string, problem = 'is not valid'): MachineFault {
    return {
      kind: 'invalid_machine',
      host: this.#parts.ports.shell.host,
      message: `${field}: ${problem}`,
      field,
    };
  }
}

/** How the configuration differs from what the machine was opened with; null when it does not. */
function mismatchOf(
  record: MachineRecord,
  { backends, ports, acquireMachine }: OpenMachineParts,
): string | null {
  const told = (what: string, recorded: string, configured: string) =>
    `the machine ${record.machine_id} was opened with the ${what} ${recorded}, and the configuration says ${configured}: use the configuration that it was opened with`;
  if (record.backend !== backends.name) return told('backend', record.backend, backends.name);
  if (record.work_dir !== acquireMachine.workDir)
    return told('work directory', record.work_dir, acquireMachine.workDir);
  return record.host === ports.shell.host ? null : told('host', record.host, ports.shell.host);
}

function newRecord(
  id: string,
  options: OpenMachineSpec,
  made: PlannedMachine & {
    readonly owner: string;
    readonly createdAtMs: number;
    readonly daemon: string | null;
  },
): MachineRecord {
  const { machine, image, snapshotHash, owner, createdAtMs, daemon } = made;
  const { context } = machine;
  return {
    schema_version: 1,
    machine_id: id,
    created_at: new Date(createdAtMs).toISOString(),
    host: context.shared.remoteHost,
    backend: context.backend,
    work_dir: context.shared.remoteWorkDir,
    workspace: options.workspace ?? null,
    snapshot_hash: snapshotHash,
    spec: options,
    owner,
    incus_project: context.backend === 'incus' ? context.incusProject : null,
    ...(daemon === null ? {} : { incus_daemon: daemon }),
    incus_image: image,
    instance_name: machine.name,
    ...(machine.acquisition === null ? {} : { acquisition: machine.acquisition }),
    released_at: null,
  };
}
