import type { Result } from 'neverthrow';
import type { JobCallOptions, JobRun, OnAbort } from '../../../application/api/pikaci.js';
import type { JobFault } from '../../../application/faults/job-fault.js';
import type { Clock } from '../../../ports/clock.js';
import type { RunEnd } from '../output/run-end.js';
import type { RunView } from '../output/run-view.js';
import type { Interrupts } from '../process/interrupts.js';
import { waitForCleanUps } from './clean-up-wait.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { JobTracker } from './job-tracker.js';
import { whatHappensNow, whatIsHurried } from './what-happens-now.js';

/** A job that can be started: a new one, or one to attach to. */
interface SessionJob {
  readonly jobId: string;
  start(options: JobCallOptions): Promise<Result<JobRun, JobFault>>;
}

export interface JobSession {
  readonly runId: string;
  readonly host: string;
  readonly target: string | null;
  readonly jobs: readonly SessionJob[];
  /** Jobs that run at the same time. */
  readonly parallel: number;
  /** See `RunEnd`. */
  readonly where: string;
  readonly onAbort: OnAbort;
  readonly view: RunView;
  readonly interrupts: Interrupts;
  readonly clock: Clock;
}

/** Runs the jobs of one run, shows them, waits (bounded) for their machines to be removed, and gives the exit status. */
export async function runSession(session: JobSession): Promise<number> {
  const { view, interrupts, clock } = session;
  // What is attached to has a machine.
  const tracker = new JobTracker(
    session.jobs.map((job) => job.jobId),
    'machine',
  );
  const startedAt = isoTime(clock);
  const finish = (forced: number | null): number => {
    const jobs = forced === null ? tracker.ends() : tracker.endsAtOnce();
    const exitCode = forced ?? exitCodeOf(jobs);
    const { runId, host, target, where } = session;
    const end: RunEnd = { runId, host, target, startedAt, finishedAt: isoTime(clock), exitCode, jobs, where };
    view.finished(end);
    return exitCode;
  };
  const forget = interrupts.onLeave(() => finish(EXIT.cancelled));
  const untell = interrupts.tell((message) => view.notice(message), {
    first: () => whatHappensNow(session.onAbort, session.runId, tracker),
    hurried: () => whatIsHurried(tracker),
  });
  try {
    view.started({ runId: session.runId, host: session.host, jobIds: session.jobs.map((job) => job.jobId) });
    await runAll(session, tracker);
    await waitForCleanUps({ runs: tracker.runs(), view, clock });
    return finish(null);
  } finally {
    view.close();
    forget();
    untell();
  }
}

async function runAll(session: JobSession, tracker: JobTracker): Promise<void> {
  const { view, interrupts, onAbort } = session;
  const queue = [...session.jobs];
  const events = {
    emit: (event: Parameters<RunView['emit']>[0]) => {
      tracker.observe(event);
      view.emit(event);
    },
    drained: () => view.drained(),
  };
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      if (interrupts.signal.aborted) return;
      tracker.started(job.jobId);
      const { signal, hurry } = interrupts;
      const result = await job.start({ events, signal, hurry, onAbort });
      tracker.ended(job.jobId, result);
    }
  };
  const workers = Array.from({ length: Math.min(session.parallel, session.jobs.length) }, async () => {
    try {
      await worker();
    } catch (bug) {
      // The others must not run on unwatched.
      interrupts.abort('a bug was met');
      throw bug;
    }
  });
  const settled = await Promise.allSettled(workers);
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
}

function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
