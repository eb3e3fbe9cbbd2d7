import { err, ok, type Result } from 'neverthrow';
import { readyBoundSecs } from '../../domain/machine/machine-ready.js';
import type { MachineStep } from '../../domain/machine/open-machine-spec.js';
import { type StepStateLayout, stepStateLayout } from '../../domain/records/machine-layout.js';
import type { StepOutcome, StepRecord } from '../../domain/records/machine-record.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { textOf } from '../events/guarded-call.js';
import type { MachineFault, OpenMachineFault } from '../faults/machine-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { type HeldLock, JobLock } from '../lock/job-lock.js';
import { GuestLog } from '../log/guest-log.js';
import { maskedEnvironment } from '../secrets/masked-environment.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { warnOfShort } from '../secrets/warn-of-short.js';
import { awaitStep, type StepEnd } from '../step/await-step.js';
import { ReadyPhase } from '../step/ready-phase.js';
import { type FollowStream, type GuestFault, isRefusedAtOnce, type ToldOfJob } from '../supervisor/guest.js';
import type { HeldMachine } from './held-machine.js';
import { loadMachineRecord, saveStepRecord } from './machine-records.js';
import { stepOutcomeOf } from './step-outcome.js';
import { stepRequest } from './step-request.js';
import { untilRead } from './until-read.js';

const FORGET_BOUND_MS = 10_000;

/** Who gets the output of a step, and what a fired signal does to it. */
export interface StepCallOptions {
  /** Gets what the step writes, stdout and stderr as they come, masked. What it returns is awaited: a slow reader slows the step down. */
  readonly onOutput?: (data: Uint8Array) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** Fired after `signal` with `cancel`: a step that is being ended gets no more of its grace (KILL at once). */
  readonly hurry?: AbortSignal;
  /** What firing the signal does: `cancel` (default) ends the step (TERM, grace, KILL), `detach` leaves it running for `attachStep`. */
  readonly onAbort?: 'cancel' | 'detach';
}

/** How a step is watched that was begun before. */
export interface AttachStepOptions extends StepCallOptions {
  /** `onOutput` gets what was kept before as well. */
  readonly replay?: boolean;
}

/** How a step ended; `running` when it was left. */
export interface StepResult {
  readonly stepId: string;
  readonly status: StepOutcome['status'] | 'running';
  readonly cause: StepOutcome['cause'] | 'detached';
  /** 128 + N after signal N, 124 after a timeout; null when the command never ran, or runs still. */
  readonly exitCode: number | null;
  readonly message: string;
  /** For people: lines of `PIKACI_ENV` that were ignored, a log that could not be written to its end. Mostly empty. */
  readonly warnings: readonly string[];
  /** Path of the kept log on this machine: masked and capped. */
  readonly log: string;
}

/** Runs a new step to its end. Its record and its log are kept on this machine. */
export async function runStep(
  held: HeldMachine,
  stepId: string,
  step: MachineStep,
  options: StepCallOptions & { readonly machineEnv: Readonly<Record<string, string>> },
): Promise<Result<StepResult, OpenMachineFault>> {
  const { parts, id, machine, spec, state } = held.input;
  const { localFiles, clock } = parts.ports;
  const layout = stepStateLayout(state, stepId);
  const { remoteHost: host } = machine.context.shared;
  const message = `the step ${stepId} was run before in the machine ${id}: give this one another id`;
  const used: MachineFault = { kind: 'step_exists', host, message, field: 'id' };
  // A directory without a record is of a runner that was killed before it began the step: the id is free.
  const isRecorded = async () => (await localFiles.lstat(layout.stepRecord)).isOk();
  if (await isRecorded()) return err(used);
  const made = await localFiles.makeDirectory(layout.stepDir, { mode: 0o700 });
  if (made.isErr()) return err(localFilesFault(made.error, null));
  // Of two processes that take the same id at once, one has the first lock.
  const locked = await JobLock.take(parts.ports, layout.stepDir, new AbortController().signal);
  if (locked.isErr()) return err(locked.error.kind === 'job_in_use' ? used : locked.error);
  await using lock = locked.value;
  if (!lock.isFirst && (await isRecorded())) return err(used);
  const { secrets, ...rest } = step;
  const masker = new SecretMasker(Object.values(secrets));
  warnOfShort(secrets, (text) => held.input.journal.warn(text), held.saidOfSecrets);
  const record: StepRecord = {
    schema_version: 1,
    machine_id: id,
    step_id: stepId,
    started_at: new Date(clock.now()).toISOString(),
    spec: { ...rest, command: masker.maskText(rest.command), env: maskedEnvironment(rest.env, masker) },
    secret_names: Object.keys(secrets),
    outcome: null,
  };
  // One that was stopped meanwhile may have lost the id to another.
  if (!(await lock.isHeld()))
    return err({ kind: 'superseded', phase: null, host, message: String(lock.lost.reason) });
  const saved = await saveStepRecord(localFiles, layout, record);
  if (saved.isErr()) return err(saved.error);
  const supervisor = machine.supervisor.step(stepId);
  // Not the caller's signal: from here on a cancel goes through the supervisor.
  const ready = new ReadyPhase(held.input.journal);
  const start = () =>
    supervisor.start(stepRequest({ ...spec, env: options.machineEnv }, step), secrets, {
      signal: new AbortController().signal,
      onReady: ready.take,
    });
  const first = await start();
  if (first.isErr() && isRefusedAtOnce(first.error)) {
    // It was never begun, and the id is free.
    await localFiles.remove(layout.stepDir, { recursive: true });
    return first.error.kind === 'gone' ? gone(held, first.error) : notStarted(held, stepId, first.error);
  }
  const ended = await followToEnd(
    held,
    { layout, record, step, options, secrets: Object.values(secrets), lock },
    {
      first: first.isOk() ? first.value : undefined,
      start,
      told: { onReady: ready.take },
    },
  );
  ready.end();
  // It was never begun: another step has the machine, or was run under this id by a process with another state root.
  if (ended.isErr() && (ended.error.kind === 'machine_busy' || ended.error.kind === 'step_exists'))
    await localFiles.remove(layout.stepDir, { recursive: true });
  return ended;
}

export interface FollowedStep {
  readonly layout: StepStateLayout;
  readonly record: StepRecord;
  readonly step: Pick<MachineStep, 'timeoutSecs' | 'graceSecs'>;
  readonly options: AttachStepOptions;
  /** The right to write the step's state. */
  readonly lock: HeldLock;
  /** Values to mask. */
  readonly secrets: readonly string[];
}

/** Follows a step to its end, and records that. */
export async function followToEnd(
  held: HeldMachine,
  followed: FollowedStep,
  begun: {
    readonly first: FollowStream | undefined;
    readonly start: (() => Promise<Result<FollowStream, GuestFault>>) | undefined;
    readonly told?: ToldOfJob;
  },
): Promise<Result<StepResult, OpenMachineFault>> {
  const { parts, id, machine, journal, spec } = held.input;
  const { ports, settings } = parts;
  const { layout, record, step, options } = followed;
  const stepId = record.step_id;
  let reading: Promise<void> = Promise.resolve();
  let isStalled = false;
  const drained = async () => {
    if (!isStalled) isStalled = !(await untilRead(reading, ports.clock, options.signal));
  };
  const opened = await GuestLog.open({
    files: ports.localFiles,
    clock: ports.clock,
    state: layout,
    secrets: followed.secrets,
    maxBytes: settings.maxLogBytes,
    isOurs: () => followed.lock.isHeld(),
    onKept: (data) => {
      if (isStalled) return;
      reading = reading
        .then(() => options.onOutput?.(data))
        .catch((error: unknown) => {
          journal.warn(`onOutput failed, and the step goes on: ${textOf(error)}`);
        });
    },
  });
  if (opened.isErr()) return err(localFilesFault(opened.error, null));
  await using log = opened.value;
  const ended = await awaitStep({
    guest: machine.supervisor.step(stepId),
    log,
    journal: { emit: (event) => journal.emit(event), drained },
    clock: ports.clock,
    reconnectMs: settings.reconnectMs,
    boundMs: (step.timeoutSecs + 2 * step.graceSecs + readyBoundSecs(spec.ready)) * 1000,
    graceSecs: step.graceSecs,
    first: begun.first,
    isNew: begun.start !== undefined,
    restart: begun.start,
    told: begun.told,
    onAbort: options.onAbort ?? 'cancel',
    signal: options.signal,
    hurry: options.hurry,
    superseded: AbortSignal.any([held.lost, followed.lock.lost]),
    names: { step: 'step', attach: `pikaci machine logs ${id} ${stepId} --follow` },
  });
  const left = ended.isErr() || ended.value.kind === 'detached' ? await log.pause() : await log.finish();
  await drained();
  if (ended.isErr()) return err(ended.error);
  if (left.isErr()) return err(localFilesFault(left.error, null));
  return await recorded(held, followed, { end: ended.value, log });
}

/** Which step has the machine, and the commands for whoever waits for it. Its name is the guest's word: what is no id is not put into one. */
function busyWith(machineId: string, said: string): { readonly message: string; readonly runs?: string } {
  const runs = /the step ([A-Za-z0-9][A-Za-z0-9._-]*) runs/.exec(said)?.[1];
  const message = `${machineId}: ${said}`;
  if (runs === undefined) return { message };
  const commands = `"pikaci machine logs ${machineId} ${runs} --follow" shows it until it ends, "pikaci machine cancel ${machineId} ${runs}" ends it`;
  return { message: `${message}; ${commands}`, runs };
}

async function recorded(
  held: HeldMachine,
  { layout, record, lock, secrets }: FollowedStep,
  { end, log }: { readonly end: StepEnd; readonly log: GuestLog },
): Promise<Result<StepResult, OpenMachineFault>> {
  const masker = new SecretMasker(secrets);
  const { machine, parts, id, journal } = held.input;
  const { localFiles, clock } = parts.ports;
  const host = machine.context.shared.remoteHost;
  const { step_id: stepId } = record;
  if (end.kind === 'refused') {
    if (end.refusal !== 'busy') return err({ kind: 'step_exists', host, message: `${id}: ${end.message}` });
    return err({ kind: 'machine_busy', host, ...busyWith(id, end.message) });
  }
  if (end.kind === 'cancelled') {
    // Whether the step has ended nobody knows, so that is not recorded.
    const message = `the step ${stepId} could not be told to end: ${machine.supervisor.description} did not answer; it may still run`;
    return err({ kind: 'host', phase: null, host, message });
  }
  const at = { stepId, log: layout.guestLog };
  if (end.kind === 'detached') {
    const message = 'still running; attachStep resumes it';
    return ok({ ...at, status: 'running', cause: 'detached', exitCode: null, message, warnings: [] });
  }
  if (!(await lock.isHeld()))
    return err({ kind: 'superseded', phase: null, host, message: String(lock.lost.reason) });
  const { received, kept, isCut } = log;
  const ended = stepOutcomeOf(end, { finishedAtMs: clock.now(), received, kept, isCut });
  const outcome = { ...ended, message: masker.maskText(ended.message), ...maskedWarnings(ended, masker) };
  for (const warning of outcome.warnings ?? []) journal.warn(`the step ${stepId}: ${warning}`);
  const saved = await saveStepRecord(localFiles, layout, { ...record, outcome });
  if (saved.isErr()) return err(saved.error);
  if (record.secret_names.length > 0) await forgetSecrets(held, stepId);
  if (outcome.cause === 'lost') {
    const now = await loadMachineRecord(localFiles, held.input.state);
    if (now.isOk() && now.value.released_at !== null) {
      const message = `the machine ${id} was released at ${now.value.released_at}, while the step ${stepId} ran in it`;
      return err({ kind: 'machine_released', host, message });
    }
  }
  return resultOf(outcome, { stepId, layout, host });
}

/** What cannot be removed goes with the machine. */
async function forgetSecrets({ input }: HeldMachine, stepId: string): Promise<void> {
  const signal = awakeBound(FORGET_BOUND_MS);
  const forgotten = await input.machine.supervisor.step(stepId).forgetSecrets({ signal });
  if (forgotten.isErr() && forgotten.error.kind !== 'gone')
    input.journal.warn(`the secrets of the step ${stepId} stay in the machine: ${forgotten.error.message}`);
}

/** What a recorded outcome is to a caller, whoever recorded it: one that was lost is none. */
export function resultOf(
  { status, cause, exit_code, message, warnings = [] }: StepOutcome,
  at: { readonly stepId: string; readonly layout: StepStateLayout; readonly host: string },
): Result<StepResult, MachineFault> {
  const { stepId, layout, host } = at;
  if (cause === 'lost')
    return err({
      kind: 'step_lost',
      host,
      message: `the step ${stepId} left no exit record: ${message}`,
    });
  return ok({ stepId, status, cause, exitCode: exit_code, message, warnings, log: layout.guestLog });
}

function gone({ input }: HeldMachine, cause: GuestFault): Result<never, OpenMachineFault> {
  const host = input.machine.context.shared.remoteHost;
  const message = `the machine ${input.id} is gone: ${cause.message}; its lease may have ended, or somebody removed it`;
  return err({
    kind: 'machine_gone',
    host,
    message,
    ...(cause.cause === undefined ? {} : { cause: cause.cause }),
  });
}

function notStarted(
  { input }: HeldMachine,
  stepId: string,
  fault: GuestFault,
): Result<never, OpenMachineFault> {
  const { supervisor, context } = input.machine;
  const message = `the step ${stepId} could not be started in ${supervisor.description}: ${fault.message}`;
  const cause = fault.cause === undefined ? {} : { cause: fault.cause };
  return err({ kind: 'guest', phase: null, host: context.shared.remoteHost, message, ...cause });
}

function maskedWarnings({ warnings }: Pick<StepOutcome, 'warnings'>, masker: SecretMasker) {
  return warnings === undefined ? {} : { warnings: warnings.map((warning) => masker.maskText(warning)) };
}
