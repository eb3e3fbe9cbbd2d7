import { err } from 'neverthrow';
import type { PrepareTiming } from '../../domain/records/run-record.js';
import type { PrepareNode } from '../../domain/target/plan.js';
import type { RunHold } from '../holds/run-hold.js';
import type { PrepareCall } from '../prepare/prepare-call.js';
import { realizeOutput } from '../prepare/realize-output.js';
import { attemptOf } from './attempt.js';
import type { NodeEnd, Started } from './node-end.js';
import type { OutputsRecord } from './outputs-record.js';
import type { RunReporter } from './run-reporter.js';
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
}

/** Makes one prepared output, or finds it made; its log, its time and what came of it are recorded. */
export async function runPrepareNode(
  { input: at, workspace, hold, outputs, reporter, signal }: PrepareRun,
  node: PrepareNode,
  started: Started,
): Promise<{ readonly end: NodeEnd; readonly prepared: PrepareEnd }> {
  const { parts, input, state, recorder } = at;
  const { ports } = parts;
  const log = `${state.runDir}/prepare/${node.id}.log`;
  await ports.localFiles.makeDirectory(`${state.runDir}/prepare`);
  let hasSaid = false;
  const needs = node.dependsOn.flatMap((id) => {
    const output = outputs.outputs.get(id);
    return output === undefined ? [] : [[id, output] as const];
  });
  const call: PrepareCall = {
    signal,
    workDir: parts.settings.workDir,
    workspace: input.workspace,
    run: { runId: at.runId, branch: input.branch ?? null, attempt: attemptOf(input) },
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
  const realized = usable.isErr() ? err(usable.error) : await realizeOutput(ports, node.prepare, call);
  const cached = realized.isOk() && realized.value.cached;
  const message = realized.isErr() ? realized.error.message : null;
  const verdict = realized.isOk() ? 'passed' : realized.error.kind === 'cancelled' ? 'cancelled' : 'failed';
  const timing: PrepareTiming = {
    node_id: node.id,
    started_at: started.at,
    finished_at: reporter.now(),
    duration_ms: ports.clock.monotonic() - started.mark,
    ok: realized.isOk(),
    status: verdict,
    cached,
    message,
    log_path: hasSaid ? log : null,
  };
  recorder.change({ prepare_timings: [...recorder.record.prepare_timings, timing] });
  if (realized.isErr()) {
    const { error: fault } = realized;
    const end = { verdict, message: fault.message, cached: false } as const;
    return { end, prepared: { nodeId: node.id, kind: 'faulted', fault } };
  }
  const { record } = realized.value;
  const prepared = { nodeId: node.id, kind: 'realized', output: record, cached } as const;
  const written = await outputs.add(record);
  if (written.isOk()) recorder.change({ prepared_outputs_path: state.preparedOutputs });
  // The jobs have it all the same.
  else reporter.unwritten(state.preparedOutputs, written.error.message);
  return { end: { verdict: 'passed', message: '', cached }, prepared };
}
