import { err, ok, type Result } from 'neverthrow';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import { openMachineSpecSchema } from '../../domain/machine/open-machine-spec.js';
import { type MachineStateLayout, machineStateLayout } from '../../domain/records/machine-layout.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import type { EventSink } from '../../ports/event-sink.js';
import { makeStateRoot } from '../directories/state-root.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { claimedName } from '../machine/claimed-name.js';
import { withRequests } from '../machine/machine-spec.js';
import type { AcquireTogether } from '../services/acquire-with-services.js';
import { scanAhead } from '../snapshot/scan-ahead.js';
import { stageWorkspace } from '../snapshot/stage-workspace.js';
import { checkMachine, invalidMachine } from './check-machine.js';
import { claimMachine } from './claim-machine.js';
import { HeldMachine, type HeldMachineInput } from './held-machine.js';
import { loadMachineRecord, markGone, saveMachineRecord } from './machine-records.js';
import { MachineSession } from './machine-session.js';
import { mismatchOf, newMachineRecord } from './new-machine-record.js';
import { OpenMachine } from './open-machine.js';
import type { MachineCallOptions, MachineOrigin, OpenMachineInput } from './open-machine-input.js';
import type { OpenMachineParts } from './open-machine-parts.js';
import { openWithServices } from './open-with-services.js';
import { removeMachineState } from './remove-state.js';
import { takeUpLease } from './take-up-lease.js';
import { neverOpened, notBeingOpened } from './unopened.js';

/** The id of the one machine below `runs/<machine id>` on the host. */
const JOB_ID = 'machine';

/** Opens machines that stay up between steps, and takes up those that other processes have opened. */
export class OpenMachines {
  readonly #parts: OpenMachineParts;
  readonly #held = new Set<HeldMachine>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(parts: OpenMachineParts) {
    this.#parts = parts;
  }

  /** `origin` is what it is made from where that is no image. */
  async open(
    input: OpenMachineInput,
    origin?: MachineOrigin,
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const held = await this.#openHeld(input, origin);
    return held.map((machine) => new OpenMachine(machine));
  }

  async #openHeld(
    { signal, ...input }: OpenMachineInput,
    origin?: MachineOrigin,
  ): Promise<Result<HeldMachine, OpenMachineFault>> {
    const ends =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const opening = this.#open(input, ends, origin);
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
    origin: MachineOrigin | undefined,
  ): Promise<Result<HeldMachine, OpenMachineFault>> {
    const { ports, settings, acquireMachine, stageSnapshot } = this.#parts;
    const { events, id: given, quotaWaitSecs, ...spec } = input;
    const checked = checkMachine(this.#parts, given, spec);
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
    const acquire = (together: AcquireTogether) =>
      acquireMachine.acquire<MachineRecord>({
        place: {
          runId: id,
          jobId: JOB_ID,
          isOpen: true,
          ...(image === undefined ? {} : { incusImageAlias: image }),
          ...(origin === undefined ? {} : { base: origin.base }),
          ...(origin?.incusProject === undefined ? {} : { incusProject: origin.incusProject }),
        },
        spec: withRequests(options, settings.incusCapacity),
        boot: null,
        leaseMs: leaseSecs * 1000,
        journal,
        stage: async (whileUseful) => {
          if (origin?.snapshotHash !== undefined)
            return ok(origin.snapshotHash === null ? null : { contentHash: origin.snapshotHash });
          if (workspace === undefined) return ok(null);
          const scan = scanAhead(ports.scanner, workspace, whileUseful);
          const { host } = ports.shell;
          return await stageWorkspace({ scan, stageSnapshot, journal, host, signal: whileUseful });
        },
        record: async (made) => {
          const record = newMachineRecord(id, options, {
            ...made,
            forkedFrom: origin?.forkedFrom,
            createdAtMs: ports.clock.now(),
            daemon: this.#parts.backends.daemon,
          });
          const saved = await saveMachineRecord(ports.localFiles, state, record);
          return saved.map(() => record);
        },
        ...together,
      });
    const acquired = await openWithServices(this.#parts, {
      session: journal,
      options,
      state,
      quotaWaitMs: quotaWaitSecs === undefined ? settings.quotaWaitMs : quotaWaitSecs * 1000,
      acquire,
      signal,
    });
    if (acquired.isErr()) {
      await journal.hostLog.flushed();
      // The id is free again: the caller is told what went wrong.
      await removeMachineState(ports.localFiles, id, state);
      return err(acquired.error);
    }
    const { machine, record, settled, services } = acquired.value;
    const held = { id, machine, spec: options, record, state, journal, settled };
    return ok(this.#hold({ ...held, ...(services === undefined ? {} : { services }) }));
  }

  /** From another process, or minutes later: the machine of a record, if it is still there and nobody else's. */
  async attach(
    id: string,
    { events, signal }: MachineCallOptions = {},
  ): Promise<Result<OpenMachine, OpenMachineFault>> {
    const { ports, settings, backends, hostTime } = this.#parts;
    const valid = machineIdSchema.safeParse(id);
    if (!valid.success) return err(invalidMachine(ports.shell.host, 'id', valid.error.issues[0]?.message));
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
    const own = backends.machine({
      runId: id,
      jobId: JOB_ID,
      acquisition: record.acquisition ?? null,
      isOpen: true,
      ...(record.incus_project === null ? {} : { incusProject: record.incus_project }),
      ...claimedName(record),
      ...(record.snapshot_hash === null ? {} : { snapshotHash: record.snapshot_hash }),
    });
    const { incus_project: incusProject } = record;
    const of = { runId: id, jobId: JOB_ID, state: { jobDir: state.machineDir }, secrets: [], incusProject };
    const machine = await this.#parts.jobServices.machineOf(of, own, record.services);
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
    return ok(new OpenMachine(this.#hold({ id, machine, spec: spec.data, record, state, journal, settled })));
  }

  /** Gives up all that this process holds: each stays for its lease, for whoever attaches. One that is being opened is undone. */
  async leaveAll(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#opening);
    await Promise.allSettled([...this.#held].map((held) => held.leave()));
  }

  #hold(input: Omit<HeldMachineInput, 'parts' | 'openFork' | 'onEnded'>): HeldMachine {
    const held: HeldMachine = new HeldMachine({
      ...input,
      parts: this.#parts,
      openFork: (forked, origin) => this.#openHeld(forked, origin),
      onEnded: () => this.#held.delete(held),
    });
    this.#held.add(held);
    return held;
  }

  #journal(id: string, state: MachineStateLayout, events: EventSink | undefined): MachineSession {
    const { localFiles, clock } = this.#parts.ports;
    return new MachineSession({
      machineDir: state.machineDir,
      runId: id,
      jobId: JOB_ID,
      hostLog: state.hostLog,
      secrets: [],
      localFiles,
      clock,
      events,
    });
  }
}
