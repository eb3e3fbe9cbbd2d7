import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import { isFinal } from '../../../domain/events/run-status.js';
import type { RunLogsMetadata } from '../../../domain/records/logs-metadata.js';
import { canRedraw, coloursFor } from '../output/colours.js';
import { FollowedRun } from '../output/live/followed-run.js';
import type { LogWriter } from '../output/log-writer.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { type CutLog, CutLogs, cutHere, sayCut } from './cut-log.js';
import { LogCopy, logsOf } from './log-copy.js';
import { logOutput, type RawOption } from './log-output.js';
import { missingService } from './service-log.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';
import { stepLog } from './step-log.js';

export interface LogsOptions extends StateOptions, RawOption {
  readonly job?: string;
  /** Of that job. */
  readonly step?: string;
  /** Of that job. */
  readonly service?: string;
  /** Of that job, an earlier one. */
  readonly attempt?: number;
  readonly kind: 'host' | 'guest' | 'both';
  readonly follow?: boolean;
  readonly metadataJson?: boolean;
}

/** How often a run that goes on is looked at. */
const LOOK_MS = 250;

/** `pikaci logs`: of one job the log as it is, of several whole lines led by the job's id. With `--follow` on a terminal the run's tree stands below them. */
export async function logsCommand(context: CliContext, runId: string, options: LogsOptions): Promise<number> {
  const { job, step, service } = options;
  if (service !== undefined && (job === undefined || options.kind === 'both')) {
    complain(context, 'a service is one of one job: name the job with --job, and one kind of log');
    return EXIT.usage;
  }
  if (step !== undefined && (job === undefined || options.kind !== 'guest')) {
    complain(
      context,
      'a step is one of one job, and in its own log: name the job with --job, without --kind',
    );
    return EXIT.usage;
  }
  if (options.attempt !== undefined && job === undefined) {
    complain(context, 'an attempt is one of one job: name the job with --job');
    return EXIT.usage;
  }
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const metadata = await context.input.runState.loadLogsMetadata(stateRoot, runId, { signal });
  if (metadata.isErr()) return complainOfState(context, metadata.error);
  if (options.metadataJson === true) {
    printJson(context, metadata.value);
    return EXIT.passed;
  }
  const jobs = metadata.value.jobs.map(({ id }) => id).filter((id) => job === undefined || id === job);
  if (jobs.length === 0) {
    const known = metadata.value.jobs.map(({ id }) => id).join(', ') || 'none';
    complain(context, `run ${runId} has no job ${job ?? ''}; it has ${known}`);
    return EXIT.usage;
  }
  if (job !== undefined && service !== undefined) {
    const missing = await missingService(context, { stateRoot, runId, job, service });
    if (missing !== null) return missing;
  }
  if (options.attempt !== undefined) return attemptLog(context, stateRoot, { ...options, runId, jobs });
  const raw = options.raw === true;
  const chosen: Chosen = { stateRoot, runId, jobs, kind: options.kind, raw, service };
  if (job !== undefined && step !== undefined) return stepLog(context, { stateRoot, runId, job, step, raw });
  const follows = options.follow === true && !ended(metadata.value, jobs);
  const problem = follows
    ? await follow(context, chosen, metadata.value)
    : await copyOnce(context, chosen, metadata.value);
  if (problem === null) return options.follow === true ? await endOfFollowing(context, chosen) : EXIT.passed;
  return problem === 'interrupted' ? EXIT.cancelled : complainOfState(context, problem);
}

interface Chosen {
  readonly stateRoot: string;
  readonly runId: string;
  readonly jobs: readonly string[];
  readonly kind: LogsOptions['kind'];
  readonly raw: boolean;
  /** Of the one job, instead of the job itself. */
  readonly service: string | undefined;
}
type Problem = RunStateFault | 'interrupted' | null;

/** The log of an earlier attempt, or of a service of it, whole. */
async function attemptLog(
  context: CliContext,
  stateRoot: string,
  { attempt, kind, raw, service, runId, jobs }: LogsOptions & Pick<Chosen, 'runId' | 'jobs'>,
): Promise<number> {
  const { signal } = context.interrupts;
  const run = await context.input.runState.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return complainOfState(context, run.error);
  const job = run.value.jobs.find(({ id }) => jobs.includes(id));
  const earlier = (job?.earlier_attempts ?? []).map((one) => one.attempt);
  const last = job?.attempt ?? 1;
  if (attempt !== last && !earlier.includes(attempt ?? last)) {
    complain(
      context,
      `the job ${job?.id ?? ''} of run ${runId} has the attempts ${[...earlier, last].join(', ')}`,
    );
    return EXIT.usage;
  }
  const chosen: Chosen = { stateRoot, runId, jobs, kind, raw: raw === true, service };
  const which = attempt === last ? {} : { attempt };
  const writer = plainWriter(context, chosen);
  const copy = new LogCopy(context, { ...chosen, ...which, write: (...log) => writer.write(...log) });
  const problem = await copy.readOn();
  writer.endAll();
  if (problem === null) return EXIT.passed;
  return problem === 'interrupted' ? EXIT.cancelled : complainOfState(context, problem);
}

async function copyOnce(context: CliContext, chosen: Chosen, logs: RunLogsMetadata): Promise<Problem> {
  const writer = plainWriter(context, chosen);
  const copy = new LogCopy(context, { ...chosen, write: (...log) => writer.write(...log) });
  const cuts = new CutLogs(context, chosen, plainCut(context, writer));
  const problem = await copy.readOn(cutsOf(chosen, (log) => cuts.sayBehind(log, logs)));
  writer.endAll();
  return problem;
}

async function follow(context: CliContext, chosen: Chosen, first: RunLogsMetadata): Promise<Problem> {
  const { runState, clock, env, isTerminal, screen } = context.input;
  const { stdout, stderr, interrupts } = context;
  const { stateRoot, runId, jobs } = chosen;
  const { signal } = interrupts;
  const { raw } = chosen;
  const facts = { env, isTerminal: isTerminal.stderr };
  const outputs = { stdout, stderr, clock, isTerminal, screen, raw, where: '', colours: coloursFor(facts) };
  const prefixed = logsOf(jobs, chosen.kind).length > 1;
  const drawn = canRedraw(facts) && !(raw && isTerminal.stdout) && chosen.service === undefined;
  const tree = drawn ? new FollowedRun(outputs, { prefixed }) : null;
  const plain = plainWriter(context, chosen);
  const writer = tree ?? plain;
  const copy = new LogCopy(context, { ...chosen, write: (...log) => writer.write(...log) });
  const sayCutOf = tree === null ? plainCut(context, plain) : treeCut(tree);
  const cuts = new CutLogs(context, chosen, sayCutOf);
  const plan = tree === null ? null : await runState.loadPlan(stateRoot, runId, { signal });
  try {
    // Whether all has ended is asked before the files are read: what was written until then is not missed.
    for (let now = first; ; ) {
      const logs = now;
      const done = ended(logs, jobs);
      const run = tree === null ? null : await runState.loadRunRecord(stateRoot, runId, { signal });
      if (run?.isOk()) tree?.show({ run: run.value, plan: plan?.isOk() ? plan.value : null });
      await copy.isAt(logs.jobs);
      const problem = await copy.readOn(cutsOf(chosen, (log) => cuts.sayBehind(log, logs)));
      if (problem !== null || done) return problem;
      if ((await clock.sleep(LOOK_MS, signal)) === 'aborted') return 'interrupted';
      const again = await runState.loadLogsMetadata(stateRoot, runId, { signal });
      if (again.isErr()) return again.error;
      now = again.value;
    }
  } finally {
    writer.endAll();
  }
}

/** What was followed may have lost its runner: then this is not the end of its log, and nobody writes the rest. */
async function endOfFollowing(context: CliContext, { stateRoot, runId, jobs }: Chosen): Promise<number> {
  const { signal } = context.interrupts;
  const run = await context.input.runState.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return complainOfState(context, run.error);
  const left = run.value.jobs.filter(({ id, status }) => jobs.includes(id) && status === 'interrupted');
  for (const { id, message } of left)
    complain(context, `nobody follows job ${id} of run ${runId}: ${message ?? ''}`);
  return left.length === 0 ? EXIT.passed : EXIT.systemFailure;
}

/** What is known of cuts is of the job's own log. */
function cutsOf<T>({ service }: Chosen, say: T): T | undefined {
  return service === undefined ? say : undefined;
}

function plainCut(context: CliContext, writer: Pick<LogWriter, 'end' | 'breakLine'>) {
  return (name: string, cut: CutLog) => {
    writer.end(name);
    sayCut(context, cut, writer);
  };
}

function treeCut(tree: FollowedRun) {
  return (name: string, cut: CutLog) => tree.say(name, cutHere(cut));
}

function plainWriter(context: CliContext, { jobs, kind, raw }: Chosen): LogWriter {
  return logOutput(context, { raw, prefixed: logsOf(jobs, kind).length > 1 });
}

function ended({ jobs }: RunLogsMetadata, chosen: readonly string[]): boolean {
  return jobs.every(
    ({ id, status, is_written }) => !chosen.includes(id) || isFinal(status) || is_written === false,
  );
}
