import { err, type Result } from 'neverthrow';
import type { PrepareTiming } from '../../domain/records/run-record.js';
import type { PrepareNode } from '../../domain/target/plan.js';
import { allowance } from '../../domain/values/node-condition.js';
import type { JobFault } from '../faults/job-fault.js';
import type { RunHold } from '../holds/run-hold.js';
import type { PrepareCall } from '../prepare/prepare-call.js';
import { realizeOutput } from '../prepare/realize-output.js';
import type { MadeTemplate } from '../template/templates.js';
import type { RunTrace } from '../trace/run-trace.js';
import { attemptOf } from './attempt.js';
import type { NodeEnd, Started } from './node-end.js';
import type { OutputsRecord } from './outputs-record.js';
import type { RunReporter } from './run-reporter.js';
import type { RunTemplates } from './run-templates.js';
import type { RunWorkspace } from './run-workspace.js';
import type { TargetExecutionInput } from './target-execution-input.js';
import type { PrepareEnd } from './target-run.js';

/** What the prepare nodes of one run share. */
export interface PrepareRun {
  readonly input: Pick<TargetExecutionInput, 'parts' | 'input' | 'runId' | 'state' | 'recorder'>;
  readonly workspace: RunWorkspace;
  readonly hold: RunHold;
  readonly outputs: OutputsRecord;
  readonly reporter: RunReporter;
  readonly signal: AbortSignal;
  readonly templates: RunTemplates;
  readonly trace: Pick<RunTrace, 'nodeTraceparent'>;
}

type Ended = { readonly end: NodeEnd; readonly prepared: PrepareEnd };

/** Makes one prepared output, or finds it made; its log, its time and what came of it are recorded. */
export async function runPrepareNode(run: PrepareRun, node: PrepareNode, started: Started): Promise<Ended> {
  const { input: at, workspace, hold, outputs, reporter, signal } = run;
  const { parts, input, state, recorder } = at;
  const { ports } = parts;
  const log = `${state.runDir}/prepare/${node.id}.log`;
  await ports.localFiles.makeDirectory(`${state.runDir}/prepare`);
  let hasSaid = false;
  const needs = node.outputs.flatMap((id) => {
    const output = outputs.outputs.get(id);
    return output === undefined ? [] : [[id, output] as const];
  });
  const call: PrepareCall = {
    signal,
    workDir: parts.settings.workDir,
    workspace: input.workspace,
    run: {
      runId: at.runId,
      branch: input.branch ?? null,
      attempt: attemptOf(input),
      traceparent: run.trace.nodeTraceparent(node.id),
    },
    staged: () =>
      workspace.staged(({ bytes, totalBytes }) => {
        const about = { node_id: node.id, kind: node.kind };
        reporter.report({ type: 'node_upload_progress', ...about, bytes, total_bytes: totalBytes });
      }),
    needs: new Map(needs),
    hold: (directory) => hold.hold(directory),
    gcRoot: () => hold.gcRoot(node.id),
    onOutput: async (data) => {
      hasSaid = true;
      const kept = await ports.localFiles.appendFile(log, data);
      if (kept.isErr()) reporter.unwritten(log, kept.error.message);
    },
  };
  const usable = await parts.workDirectory.ensure(signal);
  const { prepare } = node;
  if (prepare.type === 'template') {
    const made = usable.isErr()
      ? err(usable.error)
      : await run.templates.ensure({ ...node, prepare }, log, signal);
    const written = (await ports.localFiles.lstat(log)).isOk();
    record(run, { node, started, result: made, log: written ? log : null });
    return templateEnd(node, made);
  }
  const realized = usable.isErr() ? err(usable.error) : await realizeOutput(ports, prepare, call);
  record(run, { node, started, result: realized, log: hasSaid ? log : null });
  const { cached = false } = realized.isOk() ? realized.value : {};
  if (realized.isErr()) return faulted(node, realized.error);
  const { record: output } = realized.value;
  const prepared = { nodeId: node.id, kind: 'realized', output, cached } as const;
  const written = await outputs.add(output);
  if (written.isOk()) recorder.change({ prepared_outputs_path: state.preparedOutputs });
  // The jobs have it all the same.
  else reporter.unwritten(state.preparedOutputs, written.error.message);
  return { end: { verdict: 'passed', message: '', cached }, prepared };
}

function templateEnd(node: PrepareNode, made: Result<MadeTemplate, JobFault>): Ended {
  if (made.isErr()) return faulted(node, made.error);
  const { cached, template } = made.value;
  const { key, instance } = template;
  const prepared = { nodeId: node.id, kind: 'template', key, instance, cached } as const;
  return { end: { verdict: 'passed', message: '', cached }, prepared };
}

function faulted(node: PrepareNode, fault: JobFault): Ended {
  const end = { verdict: verdictOf(fault), message: fault.message, cached: false } as const;
  return { end, prepared: { nodeId: node.id, kind: 'faulted', fault } };
}

const verdictOf = ({ kind }: JobFault) => (kind === 'cancelled' ? 'cancelled' : 'failed');

function record(
  { input: { parts, recorder }, reporter }: PrepareRun,
  {
    node,
    started,
    result,
    log,
  }: {
    readonly node: PrepareNode;
    readonly started: Started;
    readonly result: Result<{ readonly cached: boolean }, JobFault>;
    readonly log: string | null;
  },
): void {
  const { clock } = parts.ports;
  const timing: PrepareTiming = {
    node_id: node.id,
    started_at: started.at,
    finished_at: reporter.now(),
    duration_ms: clock.monotonic() - started.mark,
    ok: result.isOk(),
    ...allowance(node),
    status: result.isOk() ? 'passed' : verdictOf(result.error),
    cached: result.isOk() && result.value.cached,
    message: result.isErr() ? result.error.message : null,
    log_path: log,
  };
  recorder.change({ prepare_timings: [...recorder.record.prepare_timings, timing] });
}
