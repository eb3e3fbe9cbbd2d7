import { err, ok, type Result } from 'neverthrow';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { GuestShell, ShellCall } from '../machine/guest-shell.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import type { OpenMachine } from '../open-machine/open-machine.js';
import type { OpenMachines } from '../open-machine/open-machines.js';

/** What a runner that is killed leaves of a shell stays for this long. */
const LEASE_SECS = 120;

interface ShellOfCopy extends ShellCall {
  readonly runAsRoot?: boolean;
  readonly user?: string;
}

/** Makes a machine for one shell: disposing of the shell removes it. */
export async function openThrowAwayShell(
  openMachines: Pick<OpenMachines, 'open'>,
  base: MachineBaseSource,
  { runAsRoot, user, ...call }: ShellOfCopy,
): Promise<Result<GuestShell, OpenMachineFault>> {
  const opened = await openMachines.open(
    {
      leaseSecs: LEASE_SECS,
      ...(runAsRoot === undefined ? {} : { runAsRoot }),
      ...(user === undefined ? {} : { user }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    },
    { base },
  );
  if (opened.isErr()) return err(opened.error);
  const machine = opened.value;
  const shell = await machine.shell(call);
  if (shell.isOk()) return ok(new ShellOfMachine(shell.value, machine));
  await machine.release();
  return err(shell.error);
}

/** A shell whose machine goes with it. */
class ShellOfMachine implements GuestShell {
  readonly #shell: GuestShell;
  readonly #machine: OpenMachine;

  constructor(shell: GuestShell, machine: OpenMachine) {
    this.#shell = shell;
    this.#machine = machine;
  }

  get output() {
    return this.#shell.output;
  }

  get exit() {
    return this.#shell.exit;
  }

  write(data: Uint8Array) {
    return this.#shell.write(data);
  }

  resize(size: { readonly columns: number; readonly rows: number }) {
    return this.#shell.resize(size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]();
    await this.#machine[Symbol.asyncDispose]();
  }
}
