import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import {
  type MachineStepInput,
  machineStepSchema,
  type OpenMachineSpec,
} from '../../domain/machine/open-machine-spec.js';
import { stepIdSchema, wordBytes } from '../../domain/machine/step-values.js';
import { stepStateLayout } from '../../domain/records/machine-layout.js';
import type { StepRecord } from '../../domain/records/machine-record.js';
import { environmentBytes, whyTooLong } from '../../domain/values/environment.js';
import { type KeyProblem, whyNoKey } from '../../domain/values/proto-key.js';
import type { MachineFault, OpenMachineFault } from '../faults/machine-fault.js';
import { type GuestShell, PLAIN_TERMINAL, type ShellCall } from '../machine/guest-shell.js';
import { attachStep } from './attach-step.js';
import type { HeldMachine } from './held-machine.js';
import { loadStepRecord } from './machine-records.js';
import type { ForkOptions } from './open-machine-input.js';
import type { AttachStepOptions, StepCallOptions, StepResult } from './run-step.js';
import { runTracedStep } from './traced-step.js';
import { download, type TransferOptions, type UploadOptions, upload } from './transfer-files.js';

/** A step, and how it is watched. */
export interface RunStepInput extends MachineStepInput, StepCallOptions {}

/**
 * A machine that stays up between steps, held by this process. Steps run one at a time and share its files. Disposing of it releases
 * it; `leave` keeps it for whoever attaches.
 */
export class OpenMachine implements AsyncDisposable {
  readonly #held: HeldMachine;

  /** Made by `Pikaci.openMachine` and `Pikaci.attachMachine`. */
  constructor(held: HeldMachine) {
    this.#held = held;
  }

  /** What `attachMachine` and `pikaci machine` take. */
  get id(): string {
    return this.#held.input.id;
  }

  /** What an operator finds it by: the name of the instance. */
  get name(): string {
    return this.#held.input.machine.name;
  }

  /** As it was asked for, with every default filled in. */
  get spec(): OpenMachineSpec {
    return this.#held.input.spec;
  }

  /** Runs one command to its end. `Ok` with the exit code, whatever it is; `Err` when the machine or its supervisor failed. */
  async run(input: RunStepInput): Promise<Result<StepResult, OpenMachineFault>> {
    const { onOutput, signal, hurry, onAbort, ...given } = input ?? {};
    const unreadable = whyNoKey(given);
    if (unreadable !== null) return err(this.#invalid(unreadable));
    const step = machineStepSchema.safeParse(given);
    if (!step.success) return err(this.#invalid(step.error.issues[0]));
    const { env, shell } = step.data;
    const tooLong = whyTooLong(env, environmentBytes(this.spec.env) + wordBytes(shell));
    if (tooLong !== null) return err(this.#invalid({ path: ['env'], message: tooLong }));
    const usable = await this.#held.usable();
    if (usable.isErr()) return err(usable.error);
    const { id = `s-${randomBytes(6).toString('hex')}`, ...rest } = step.data;
    const options = {
      ...(onOutput === undefined ? {} : { onOutput }),
      ...(signal === undefined ? {} : { signal }),
      ...(hurry === undefined ? {} : { hurry }),
      ...(onAbort === undefined ? {} : { onAbort }),
    };
    return await runTracedStep(this.#held, id, rest, options);
  }

  /**
   * Follows a step that another process began, or this one left, from the last byte kept on; one that has ended gives its result. While
   * another process follows it, what that one keeps is shown.
   */
  async attachStep(
    stepId: string,
    options: AttachStepOptions = {},
  ): Promise<Result<StepResult, OpenMachineFault>> {
    const checked = this.#checkStep(stepId);
    if (checked.isErr()) return err(checked.error);
    return await attachStep(this.#held, stepId, options);
  }

  /**
   * Ends a step that runs (TERM, its grace, KILL), whoever follows it, and gives its result; one that has ended gives the result that it
   * has.
   */
  async cancelStep(stepId: string): Promise<Result<StepResult, OpenMachineFault>> {
    const checked = this.#checkStep(stepId);
    if (checked.isErr()) return err(checked.error);
    return await attachStep(this.#held, stepId, { signal: AbortSignal.abort(), onAbort: 'cancel' });
  }

  /** What is recorded of a step on this machine. */
  async step(stepId: string): Promise<Result<StepRecord, OpenMachineFault>> {
    const checked = this.#checkStep(stepId);
    if (checked.isErr()) return err(checked.error);
    const { parts, state } = this.#held.input;
    return await loadStepRecord(parts.ports.localFiles, stepStateLayout(state, stepId));
  }

  /** Sends a file or a directory into the machine; a relative `guestPath` lies below the workspace. */
  async upload(
    localPath: string,
    guestPath: string,
    options: UploadOptions = {},
  ): Promise<Result<void, OpenMachineFault>> {
    const usable = await this.#held.usable();
    return usable.isErr() ? err(usable.error) : upload(this.#held, localPath, guestPath, options);
  }

  /**
   * Brings a file, or all files below a directory, into the local directory `localPath`. The machine is not trusted: links, special
   * files and what goes over the caps of artifacts are refused and named in the report.
   */
  async download(
    guestPath: string,
    localPath: string,
    options: TransferOptions = {},
  ): Promise<Result<ArtifactReport, OpenMachineFault>> {
    const usable = await this.#held.usable();
    return usable.isErr() ? err(usable.error) : download(this.#held, guestPath, localPath, options);
  }

  /** Opens a terminal in the machine, as the user who runs its steps; one of 80 by 24 when the call does not say. */
  async shell(call: ShellCall = PLAIN_TERMINAL): Promise<Result<GuestShell, OpenMachineFault>> {
    const usable = await this.#held.usable();
    if (usable.isErr()) return err(usable.error);
    const { runAsRoot, user } = this.spec;
    return await this.#held.input.machine.openShell({ runAsRoot, user }, call);
  }

  /**
   * Opens another machine with the files that this one has now, also while a step runs here, which is not in the copy. This one goes on as
   * it is. Secrets are not in the copy, unless a step has written them somewhere; containers of Incus only.
   */
  async fork(options: ForkOptions = {}): Promise<Result<OpenMachine, OpenMachineFault>> {
    const usable = await this.#held.usable();
    if (usable.isErr()) return err(usable.error);
    const forked = await this.#held.fork(options ?? {});
    return forked.map((held) => new OpenMachine(held));
  }

  /** Gives the machine up without removing it: it stays for `leaseSecs` more, for whoever attaches. */
  leave(): Promise<Result<void, OpenMachineFault>> {
    return this.#held.leave();
  }

  /** Removes the machine. Idempotent; what fails is left to the reaper. */
  release(): Promise<Result<void, OpenMachineFault>> {
    return this.#held.release();
  }

  /** Releases the machine, as `release` does, and throws nothing: what it leaves behind is for the reaper. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held.isLeft) await this.#held.release();
  }

  #checkStep(stepId: string): Result<void, MachineFault> {
    const parsed = stepIdSchema.safeParse(stepId);
    return parsed.success ? ok(undefined) : err({ ...this.#invalid(parsed.error.issues[0]), field: 'id' });
  }

  #invalid(issue: KeyProblem | undefined): MachineFault {
    const field = (issue?.path ?? []).map(String).join('.') || 'step';
    const message = `${field}: ${issue?.message ?? 'is not valid'}`;
    return { kind: 'invalid_step', host: this.#held.input.machine.context.shared.remoteHost, message, field };
  }
}
