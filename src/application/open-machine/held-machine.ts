import { err, ok, type Result } from 'neverthrow';
import type { OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { Journal } from '../events/journal.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import { writeLastLease } from '../lease/write-lease.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { LiveServices } from '../services/live-services.js';
import { forkMachine } from './fork-machine.js';
import { loadMachineRecord, saveMachineRecord } from './machine-records.js';
import type { ForkOptions, MachineOrigin, OpenMachineInput } from './open-machine-input.js';
import type { OpenMachineParts } from './open-machine-parts.js';

const LEASE_BOUND_MS = 30_000;

export interface HeldMachineInput {
  readonly parts: OpenMachineParts;
  readonly id: string;
  readonly machine: Machine;
  readonly spec: OpenMachineSpec;
  readonly record: MachineRecord;
  readonly state: MachineStateLayout;
  readonly journal: Journal;
  /** Resolves when nothing writes to the host any more on the machine's account. */
  readonly settled: Promise<unknown>;
  /** Those that this process has started beside it. */
  readonly services?: LiveServices;
  /** Opens a copy of it. */
  readonly openFork: (
    input: OpenMachineInput,
    origin: MachineOrigin,
  ) => Promise<Result<HeldMachine, OpenMachineFault>>;
  /** Called when this process holds it no more. */
  readonly onEnded: () => void;
}

/** A machine that this process holds: its lease is renewed until it is left or released. Other processes may hold it at the same time. */
export class HeldMachine {
  readonly input: HeldMachineInput;
  /** Names of secrets that were warned of: once for all steps. */
  readonly saidOfSecrets = new Set<string>();
  readonly #renewer: LeaseRenewer;
  readonly #lost = new AbortController();
  #ended: 'left' | 'released' | null = null;

  constructor(input: HeldMachineInput) {
    this.input = input;
    const { parts, machine, record } = input;
    this.#renewer = new LeaseRenewer({
      place: machine.lease,
      clock: parts.ports.clock,
      owner: record.owner,
      leaseMs: this.#leaseMs,
      hostTime: parts.hostTime,
      onSuperseded: (message) => this.#lost.abort(message),
    });
  }

  get isLeft(): boolean {
    return this.#ended === 'left';
  }

  /** Fires when the machine is somebody else's: a reaper's, say. The reason is the message. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Why nothing can be run in it any more; `Ok` while there is no reason. */
  async usable(): Promise<Result<void, OpenMachineFault>> {
    const { id, machine, parts, state } = this.input;
    const host = machine.context.shared.remoteHost;
    const released = `the machine ${id} was released; open another one`;
    if (this.#ended === 'released') return err({ kind: 'machine_released', host, message: released });
    if (this.#ended === 'left') {
      const message = `this process has left the machine ${id}; attach to it again`;
      return err({ kind: 'machine_released', host, message });
    }
    if (this.#lost.signal.aborted) {
      const message = `the machine ${id} is not held any more: ${String(this.#lost.signal.reason)}`;
      return err({ kind: 'machine_gone', host, message });
    }
    const record = await loadMachineRecord(parts.ports.localFiles, state);
    if (record.isErr()) return err(record.error);
    if (record.value.released_at === null) return ok(undefined);
    return err({ kind: 'machine_released', host, message: released });
  }

  /** Opens a machine with the files that this one has now. */
  async fork(options: ForkOptions): Promise<Result<HeldMachine, OpenMachineFault>> {
    const { id, machine, record, spec, openFork } = this.input;
    const forkedFrom = { instance_name: machine.name, machine_id: id };
    const source = {
      machine,
      image: record.incus_image,
      spec,
      snapshotHash: record.snapshot_hash,
      forkedFrom,
    };
    return await forkMachine(openFork, source, options);
  }

  /** Gives the machine up to whoever attaches, for one lease. */
  async leave(): Promise<Result<void, OpenMachineFault>> {
    if (this.#ended !== null) return ok(undefined);
    this.#ended = 'left';
    this.input.onEnded();
    await this.#renewer[Symbol.asyncDispose]();
    await this.input.services?.stop();
    const { machine, parts, record, journal } = this.input;
    const now = await parts.hostTime.fresh(awakeBound(LEASE_BOUND_MS));
    const lease = { owner: record.owner, expiresAtMs: now + this.#leaseMs };
    const signal = awakeBound(LEASE_BOUND_MS);
    const written = await writeLastLease(machine.lease, lease, { journal, signal });
    await journal.hostLog.flushed();
    if (written.isOk()) return ok(undefined);
    const { error } = written;
    if (error.kind !== 'superseded') return err(error.fault);
    const host = machine.context.shared.remoteHost;
    return err({ kind: 'superseded', phase: null, host, message: error.message });
  }

  /** Removes the machine. Idempotent. */
  async release(): Promise<Result<void, OpenMachineFault>> {
    if (this.#ended === 'released') return ok(undefined);
    this.#ended = 'released';
    this.input.onEnded();
    await this.#renewer[Symbol.asyncDispose]();
    await this.input.services?.stop();
    const { machine, parts, record, state, journal, settled } = this.input;
    const { localFiles, hostFiles, clock } = parts.ports;
    await settled;
    const owned = await machine.lease.read(awakeBound(LEASE_BOUND_MS));
    if (this.#lost.signal.aborted || (owned.isOk() && owned.value.lease?.owner !== record.owner)) {
      journal.warn(`${machine.name} is another's by now, and stays`);
      return ok(undefined);
    }
    // First: another process must not begin a step in what is going.
    const released_at = new Date(clock.now()).toISOString();
    const saved = await saveMachineRecord(localFiles, state, { ...record, released_at });
    if (saved.isErr()) journal.warn(saved.error.message);
    const released = await releaseMachine(machine, hostFiles, journal);
    if (released.isErr()) {
      // It is there: whoever asks again finds it so.
      this.#ended = null;
      await saveMachineRecord(localFiles, state, record);
    }
    return released;
  }

  get #leaseMs(): number {
    return this.input.spec.leaseSecs * 1000;
  }
}
