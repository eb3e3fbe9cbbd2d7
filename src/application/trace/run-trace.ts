import type { RunEvent } from '../../domain/events/run-event.js';
import type { Tracer, TraceSpan } from '../../ports/tracer.js';
import { OpenSpans } from './open-spans.js';
import { isError, known, traceResultOf } from './trace-result.js';

export interface RunTraceInput {
  readonly tracer: Tracer;
  readonly runId: string;
  /** Null for a run of no target. */
  readonly targetId: string | null;
  readonly attempt: number | null;
  readonly branch: string | null;
  /** Since the epoch. */
  readonly startMs: number;
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** A run as a span, with those of its prepare nodes. Its jobs are spans of their own, and name this one as their parent. */
export class RunTrace {
  readonly #runId: string;
  readonly #span: TraceSpan;
  readonly #nodes: OpenSpans;
  #revision: string | null = null;

  /** What the caller has as its active span is what the run is a part of. */
  constructor({ tracer, runId, targetId, attempt, branch, startMs }: RunTraceInput) {
    this.#runId = runId;
    this.#span = tracer.begin({
      name: `RUN ${targetId ?? runId}`,
      kind: 'server',
      startMs,
      attributes: known({
        'cicd.pipeline.name': targetId,
        'cicd.pipeline.action.name': 'RUN',
        'cicd.pipeline.run.id': runId,
        'pikaci.run.attempt': attempt,
        'vcs.ref.head.name': branch,
      }),
    });
    this.#nodes = new OpenSpans(tracer);
  }

  /** What its jobs are a part of. */
  get traceparent(): string | null {
    return this.#span.traceparent;
  }

  /** That of a prepare node which is under way. */
  nodeTraceparent(id: string): string | null {
    return this.#nodes.traceparentOf(id);
  }

  /** What is checked out in the workspace, once it is known. */
  isOf({ head }: { readonly head: string | null }): void {
    this.#revision = head;
  }

  /** Already masked. */
  onRun(event: RunEvent): void {
    if (event.type === 'node_started') this.#beginNode(event);
    else if (event.type === 'node_finished') this.#endNode(event);
    else if (event.type === 'run_ended') this.#end(event);
  }

  #beginNode({ node_id: id, kind, at }: Pick<Of<'node_started'>, 'node_id' | 'kind' | 'at'>): void {
    if (kind === 'execute') return;
    this.#nodes.begin(id, {
      name: id,
      kind: 'internal',
      parent: this.traceparent,
      startMs: Date.parse(at),
      attributes: {
        'cicd.pipeline.run.id': this.#runId,
        'cicd.pipeline.task.name': id,
        'cicd.pipeline.task.run.id': `${this.#runId}/${id}`,
        'pikaci.node.kind': kind,
      },
    });
  }

  #endNode(event: Of<'node_finished'>): void {
    const { node_id: id, at, status, cached, message } = event;
    const result = traceResultOf(status);
    this.#nodes.end(id, {
      endMs: Date.parse(at),
      attributes: known({ 'cicd.pipeline.task.run.result': result, 'pikaci.node.cached': cached }),
      ...(isError(result) ? { error: message } : {}),
    });
  }

  #end({ at, status, message }: Of<'run_ended'>): void {
    const result = traceResultOf(status);
    const endMs = Date.parse(at);
    this.#nodes.endAll({ endMs });
    this.#span.end({
      endMs,
      attributes: known({ 'cicd.pipeline.result': result, 'vcs.ref.head.revision': this.#revision }),
      ...(isError(result) ? { error: message } : {}),
    });
  }
}
