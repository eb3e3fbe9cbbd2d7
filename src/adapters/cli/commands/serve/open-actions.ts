import type { RunActionAnswer, RunActions, RunAgain } from '../../../../domain/target/run-actions.js';
import { runIdAt } from '../../../../domain/values/run-id.js';
import { type CliContext, complain, complainOfBug } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';
import { loadOrComplain } from '../with-pikaci.js';
import { runAgain } from './run-again.js';
import { notRun } from './run-for-server.js';
import { WaitingLine } from './waiting-line.js';

const MOST_WAITING = 20;
/** Of so many is known why they never began. */
const MOST_NOTES = 200;

export interface OpenActions {
  readonly stateRoot: string;
  readonly actions: RunActions;
  /** Carries out what was asked for, one after the other, until the command is interrupted. */
  work(): Promise<void>;
}

/** What `pikaci serve --actions` changes runs with; the problems of its configuration are told. */
export async function openActions(
  context: CliContext,
  options: StateOptions,
): Promise<OpenActions | 'refused'> {
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return 'refused';
  const { stateRoot } = loaded.config;
  const line = new WaitingLine(MOST_WAITING);
  const notes = new Map<string, string>();
  const note = (runId: string, message: string) => {
    notes.delete(runId);
    notes.set(runId, message);
    for (const oldest of [...notes.keys()].slice(0, -MOST_NOTES)) notes.delete(oldest);
  };
  const again = async (runId: string, how: RunAgain): Promise<RunActionAnswer> => {
    const { clock, randomBytes, runState } = context.input;
    const record = await runState.loadRunRecord(stateRoot, runId, {});
    if (record.isErr()) return refused(record.error.message);
    const { status } = record.value;
    if (how === 'resume' && status !== 'interrupted')
      return refused(`${runId} is not interrupted: it is ${status}`);
    if (how !== 'resume' && status === 'running') return refused(`${runId} still runs`);
    const target = how === 'resume' ? runId : runIdAt(clock.now(), randomBytes(4));
    const told = how === 'resume' ? runId : `${target}, which repeats ${runId},`;
    const isTaken = line.add(async () => {
      complain(context, `the run ${told} begins: its page asked for it`);
      const again = { record: record.value, how, runId: target };
      const end = await runAgain(context, options, again).catch((error: unknown) => {
        complainOfBug(context, error);
        return notRun('a bug');
      });
      complain(context, `the run ${target}: ${end.how}`);
      note(target, `${target}: ${end.how}`);
    });
    if (!isTaken) return refused(`${MOST_WAITING} runs wait already; try again when one has ended`);
    note(target, `${target} waits for what was asked for before, or is about to begin`);
    return { kind: 'begun', runId: target };
  };
  const cancel = async (runId: string): Promise<RunActionAnswer> => {
    const answer = await context.input.runState.cancelRun(stateRoot, runId, { by: 'its page' });
    if (answer.isErr()) return refused(answer.error.message);
    if (answer.value.kind === 'seen') return { kind: 'done' };
    if (answer.value.kind === 'not_running')
      return refused(`${runId} does not run: it is ${answer.value.status}`);
    return refused(
      `${runId} is not cancelled: nobody has taken notice. Its process is stopped or out of reach, or follows one of its jobs only`,
    );
  };
  return {
    stateRoot,
    actions: { cancel, again, noteOf: (runId) => notes.get(runId) ?? null },
    work: () => line.work(context.interrupts.signal),
  };
}

function refused(message: string): RunActionAnswer {
  return { kind: 'refused', message };
}
