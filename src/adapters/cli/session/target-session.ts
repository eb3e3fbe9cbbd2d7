import { err, type Result } from 'neverthrow';
import type { OnAbort } from '../../../application/api/pikaci.js';
import type { JobFault } from '../../../application/faults/job-fault.js';
import type { RunTargetInput, TargetRun } from '../../../application/target/target-run.js';
import type { Clock } from '../../../ports/clock.js';
import type { RunEnd } from '../output/run-end.js';
import type { RunView } from '../output/run-view.js';
import type { Interrupts } from '../process/interrupts.js';
import { waitForCleanUps } from './clean-up-wait.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { JobTracker } from './job-tracker.js';
import { whatHappensNow, whatIsHurried } from './what-happens-now.js';

/** What a session adds to the input of a run. */
export type SessionCall = Pick<RunTargetInput, 'events' | 'signal' | 'hurry' | 'onAbort' | 'onJobEnd'>;

export interface TargetSession {
  readonly runId: string;
  readonly host: string;
  readonly target: string;
  /** In the plan's order. */
  readonly jobIds: readonly string[];
  /** See `RunEnd`. */
  readonly where: string;
  readonly onAbort: OnAbort;
  readonly view: RunView;
  readonly interrupts: Interrupts;
  readonly clock: Clock;
  start(call: SessionCall): Promise<Result<TargetRun, JobFault>>;
}

/** Runs a target, shows it, waits (bounded) for its machines to be removed, and gives the exit status. */
export async function runTargetSession(session: TargetSession): Promise<number> {
  const { view, interrupts, clock, runId, host, target, where } = session;
  const tracker = new JobTracker(session.jobIds);
  let prepares: NonNullable<RunEnd['prepares']> = [];
  const startedAt = new Date(clock.now()).toISOString();
  const finish = (forced: number | null): number => {
    const jobs = forced === null ? tracker.ends() : tracker.endsAtOnce();
    const exitCode = forced ?? exitCodeOf(jobs, prepares);
    const finishedAt = new Date(clock.now()).toISOString();
    view.finished({ runId, host, target, startedAt, finishedAt, exitCode, jobs, prepares, where });
    return exitCode;
  };
  const forget = interrupts.onLeave(() => finish(EXIT.cancelled));
  const untell = interrupts.tell((message) => view.notice(message), {
    first: () => whatHappensNow(session.onAbort, runId, tracker),
    hurried: () => whatIsHurried(tracker),
  });
  let hasBegun = false;
  // One that is refused is no run: its id would name nothing.
  const begin = () => {
    if (!hasBegun) view.started({ runId, host, jobIds: session.jobIds });
    hasBegun = true;
  };
  try {
    const run = await session.start(callOf(session, tracker, begin));
    if (run.isOk()) begin();
    if (run.isErr()) for (const jobId of session.jobIds) tracker.ended(jobId, err(run.error));
    else
      prepares = run.value.prepares.flatMap((end) =>
        end.kind === 'faulted'
          ? [
              {
                nodeId: end.nodeId,
                fault: end.fault,
                ...(end.endedFor === undefined ? {} : { endedFor: end.endedFor }),
                ...(end.allowed === true ? { allowed: true as const } : {}),
              },
            ]
          : [],
      );
    const whole = run.isOk() ? { whole: run.value.cleanUp } : {};
    await waitForCleanUps({ runs: tracker.runs(), ...whole, view, clock });
    return finish(null);
  } finally {
    view.close();
    forget();
    untell();
  }
}

function callOf(
  { view, interrupts, onAbort }: TargetSession,
  tracker: JobTracker,
  begin: () => void,
): SessionCall {
  return {
    events: {
      emit: (event) => {
        begin();
        tracker.observe(event);
        view.emit(event);
      },
      emitRun: (event) => {
        begin();
        if (event.type === 'node_started' && event.kind === 'execute') tracker.started(event.node_id);
        view.emitRun?.(event);
      },
      drained: () => view.drained(),
    },
    signal: interrupts.signal,
    hurry: interrupts.hurry,
    onAbort,
    onJobEnd: (end) => tracker.take(end),
  };
}
