import { isFinal } from '../../../domain/events/run-status.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, type StateOptions, stateRootOrComplain } from './state-root.js';

/** `pikaci cancel`: what one Ctrl-C in the run's own process does. Exit status 0 when the run ends, or has ended. */
export async function cancelCommand(
  context: CliContext,
  runId: string,
  options: StateOptions,
): Promise<number> {
  const { runState } = context.input;
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const answer = await runState.cancelRun(stateRoot, runId, { by: '"pikaci cancel"', signal });
  if (answer.isErr()) return complainOfState(context, answer.error);
  const told = answer.value;
  if (told.kind === 'seen') {
    context.stdout.write(`${runId} is being cancelled\n`);
    return EXIT.passed;
  }
  if (told.kind === 'unseen') {
    complain(
      context,
      `${runId} is not cancelled: nobody has taken notice. Its process is stopped or out of reach, or "pikaci attach" follows one of its jobs: end that where it runs`,
    );
    return EXIT.systemFailure;
  }
  if (isFinal(told.status) && told.status !== 'interrupted') {
    context.stdout.write(`${runId} has ended already: ${told.status}\n`);
    return EXIT.passed;
  }
  complain(
    context,
    `${runId} is interrupted: no process carries it out any more. "pikaci resume ${runId}" goes on with it; what it left on the host goes when its leases have ended ("pikaci gc --remote")`,
  );
  return EXIT.usage;
}
