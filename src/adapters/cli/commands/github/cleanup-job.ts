import { err, ok, type Result } from 'neverthrow';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import { complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault } from '../machine/machine-session.js';
import { releaseMachine } from '../runner/release-machine.js';
import type { Hook } from './hook.js';
import type { HookState } from './hook-call.js';
import { runnerPrefix } from './runner-key.js';

/**
 * What users of the machine other than root have written is nobody's on the host; the runner could not remove it. Links are handed over
 * themselves, never what they lead to.
 */
const HAND_OVER = 'find "$@" -xdev ! -user 0 -exec chown -h 0:0 {} +';
const HAND_OVER_SECS = 120;

/** `cleanup_job`: removes the machine of the job, and what a killed call of this runner may have left. */
export async function cleanupJob(
  hook: Hook,
  { machine }: HookState,
  responseFile: string | null,
): Promise<number> {
  const { context, pikaci } = hook;
  const { signal } = context.interrupts;
  if (machine !== undefined) await handOver(hook, machine);
  const left = responseFile === null ? ok([]) : await machinesOf(hook, responseFile);
  let code: number = EXIT.passed;
  if (left.isErr()) code = complainOfFault(context, left.error);
  for (const id of new Set([...(machine === undefined ? [] : [machine]), ...left.unwrapOr([])])) {
    const fault = await releaseMachine(pikaci, id, signal);
    if (fault !== null) code = complainOfFault(context, fault);
  }
  return code;
}

/** Ids of what this runner has left, whoever of its calls was killed. */
export async function machinesOf(
  { context, pikaci }: Hook,
  responseFile: string,
): Promise<Result<readonly string[], OpenMachineFault>> {
  const { signal } = context.interrupts;
  const listed = await pikaci.listMachines({ signal });
  if (listed.isErr()) return err(listed.error);
  const prefix = runnerPrefix(responseFile);
  return ok(
    listed.value.machines
      .filter(({ id, state }) => id.startsWith(prefix) && (state === 'open' || state === 'stopped'))
      .map(({ id }) => id),
  );
}

async function handOver({ context, pikaci }: Hook, id: string): Promise<void> {
  const attached = await pikaci.attachMachine(id, { signal: context.interrupts.signal });
  if (attached.isErr()) return;
  const machine = attached.value;
  const written = machine.spec.hostDirectories.filter(({ readOnly }) => !readOnly).map(({ path }) => path);
  const ran = await machine.run({
    command: ['/bin/sh', '-c', HAND_OVER, 'sh', ...written],
    workingDirectory: '/',
    timeoutSecs: HAND_OVER_SECS,
    signal: context.interrupts.signal,
  });
  await machine.leave();
  if (ran.isErr() || ran.value.status !== 'passed') {
    const why = ran.isErr() ? ran.error.message : ran.value.message;
    complain(context, `what the job's users have written was not handed to the runner's: ${why}`);
  }
}
