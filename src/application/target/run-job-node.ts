import { attemptsOf, attemptText } from '../../domain/job/job-retry.js';
import type { ExecuteNode } from '../../domain/target/plan.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import type { RunHold } from '../holds/run-hold.js';
import type { JobCallOptions } from '../job/job-call.js';
import type { RunAttemptsCall } from '../job/run-attempts.js';
import { recordedOutcome } from '../records/load-run-record.js';
import type { RunTrace } from '../trace/run-trace.js';
import { attemptOf } from './attempt.js';
import { jobInput } from './job-input.js';
import type { MovedOutputs } from './moved-outputs.js';
import type { NodeEnd, Started } from './node-end.js';
import type { OutputsRecord } from './outputs-record.js';
import type { RunEnds } from './run-ends.js';
import type { RunReporter } from './run-reporter.js';
import type { RunTemplates } from './run-templates.js';
import type { RunWorkspace } from './run-workspace.js';
import { type StageArtifactsInput, stageArtifacts } from './stage-artifacts.js';
import type { TargetExecutionInput } from './target-execution-input.js';

/** What all jobs of a run share. */
export interface JobsOfRun {
  readonly input: TargetExecutionInput;
  readonly workspace: RunWorkspace;
  readonly outputs: OutputsRecord;
  readonly moved: MovedOutputs;
  readonly hold: RunHold;
  readonly templates: RunTemplates;
  readonly reporter: RunReporter;
  readonly events: Required<EventSink>;
  readonly ends: RunEnds;
  readonly signal: AbortSignal;
  readonly trace: RunTrace;
}

/** Runs one job of a run, and records how it goes and ends. `waitedMs` is what it waited for preparations and for its turn. */
export async function runJobNode(
  { input: at, workspace, outputs, moved, hold, templates, reporter, events, ends, signal, trace }: JobsOfRun,
  node: ExecuteNode,
  started: Started & { readonly waitedMs: number },
): Promise<NodeEnd> {
  const { parts, input, runId, recorder } = at;
  recorder.changeJob(node.id, {
    status: 'running',
    started_at: started.at,
    pre_execution_prepare_duration_ms: started.waitedMs,
  });
  const job = jobInput(node, at.secrets[node.id] ?? {}, outputs.outputs);
  const result = await parts.runJob.run({
    job,
    outputs: moved.of(job.preparedOutputs ?? []),
    workspace: input.workspace,
    target: input.target,
    runId,
    events,
    signal,
    ...endingOf(input),
    ...(input.keepOnFailureSecs === undefined ? {} : { keepOnFailureSecs: input.keepOnFailureSecs }),
    scan: () => workspace.scan(),
    ...artifactsOf(at, node, (directory, files) => hold.hold(directory, files)),
    attempt: attemptOf(input),
    traceparent: trace.traceparent,
    ...(input.branch === undefined ? {} : { branch: input.branch }),
    saidOfSecrets: at.saidOfSecrets,
    ...(at.copy === null ? {} : { copies: at.copy }),
    ...templates.basesOf(node.job),
    ...recordedAttempts(at, node.id),
  });
  const noOther = node.job.retry === undefined ? {} : { next_attempt_at: null };
  if (result.isErr()) {
    const end = faultedEnd(result.error);
    const finished = { status: end.verdict, finished_at: reporter.now(), message: end.message };
    recorder.changeJob(node.id, { ...finished, ...noOther });
    ends.endJob(node, { jobId: node.id, kind: 'faulted', fault: result.error }, end.verdict);
    return end;
  }
  const { outcome } = result.value;
  recorder.changeJob(node.id, { ...recordedOutcome(outcome, parts.settings.backend), ...noOther });
  ends.endJob(node, { jobId: node.id, kind: 'ended', run: result.value }, outcome.status);
  const message = outcome.status === 'passed' ? '' : outcome.message;
  return { verdict: outcome.status, message, cached: false };
}

function artifactsOf(
  at: TargetExecutionInput,
  { artifactsFrom }: ExecuteNode,
  hold: StageArtifactsInput['hold'],
): Pick<RunAttemptsCall, 'artifactsFrom'> {
  if (artifactsFrom.length === 0) return {};
  return {
    artifactsFrom: (there, journal, signal) =>
      stageArtifacts({ at, there, hold, journal, signal }, artifactsFrom),
  };
}

/** A job that is tried again goes on, for whoever looks at the run. */
function recordedAttempts(
  { recorder, parts }: TargetExecutionInput,
  id: string,
): Pick<RunAttemptsCall, 'onRetry' | 'onAttempt'> {
  return {
    onRetry: (told, waitMs) => {
      const next_attempt_at = new Date(parts.ports.clock.now() + waitMs).toISOString();
      const message = `${attemptText(told)}; another begins in ${waitMs / 1000} s`;
      recorder.changeJob(id, { next_attempt_at, message });
    },
    onAttempt: (attempt, earlier) =>
      recorder.changeJob(id, { ...attemptsOf(attempt, earlier), next_attempt_at: null, message: null }),
  };
}

function faultedEnd({ kind, message }: JobFault): NodeEnd & { readonly verdict: 'cancelled' | 'failed' } {
  return { verdict: kind === 'cancelled' ? 'cancelled' : 'failed', message, cached: false };
}

function endingOf({ hurry, onAbort }: JobCallOptions): Pick<JobCallOptions, 'hurry' | 'onAbort'> {
  return { ...(hurry === undefined ? {} : { hurry }), ...(onAbort === undefined ? {} : { onAbort }) };
}
