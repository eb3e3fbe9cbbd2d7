import type { PikaciEvent, WireEvent } from '../../domain/events/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { SpanAttributes, Tracer, TraceSpan } from '../../ports/tracer.js';
import type { JobFault } from '../faults/job-fault.js';
import { OpenSpans } from './open-spans.js';
import { isError, known, traceResultOf } from './trace-result.js';

export interface JobTraceInput {
  readonly tracer: Tracer;
  readonly runId: string;
  readonly jobId: string;
  /** The span of its run, or of the runner before this one; what the caller has active when left out. */
  readonly parent?: string | null;
  /** Since the epoch. */
  readonly startMs: number;
}

type Of<Type extends WireEvent['type']> = Extract<WireEvent, { type: Type }>;

/** A job as a span, with its phases and, in the one in which they run, its steps. It gets the events of the job, already masked. */
export class JobTrace implements EventSink {
  readonly #span: TraceSpan;
  readonly #phases: OpenSpans;
  readonly #steps: OpenSpans;
  #attributes: SpanAttributes = {};

  constructor({ tracer, runId, jobId, parent, startMs }: JobTraceInput) {
    this.#span = tracer.begin({
      name: jobId,
      kind: 'internal',
      ...(parent === undefined ? {} : { parent }),
      startMs,
      attributes: {
        'cicd.pipeline.run.id': runId,
        'cicd.pipeline.task.name': jobId,
        'cicd.pipeline.task.run.id': `${runId}/${jobId}`,
      },
    });
    this.#phases = new OpenSpans(tracer);
    this.#steps = new OpenSpans(tracer);
  }

  /** What the job's own commands are a part of. */
  get traceparent(): string | null {
    return this.#span.traceparent;
  }

  emit(event: PikaciEvent): void {
    switch (event.type) {
      case 'job_started':
        this.#add({ 'pikaci.host': event.host, 'pikaci.backend': event.backend });
        break;
      case 'instance_created':
        this.#add({ 'cicd.worker.name': event.instance });
        break;
      case 'phase_started':
        this.#beginPhase(event);
        break;
      case 'phase_finished':
        this.#endPhase(event);
        break;
      case 'step_started':
        this.#beginStep(event);
        break;
      case 'step_finished':
        this.#endStep(event);
        break;
      case 'job_finished':
        this.#finish(event);
        break;
      default:
    }
  }

  /** The job has no outcome, and this is why; already masked. */
  faulted({ kind, message }: Pick<JobFault, 'kind' | 'message'>, endMs: number): void {
    const result = kind === 'cancelled' ? 'cancellation' : 'error';
    const attributes = { 'cicd.pipeline.task.run.result': result, 'error.type': kind };
    this.#end(endMs, attributes, kind === 'cancelled' ? null : message);
  }

  #add(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  #beginPhase({ phase, at }: Of<'phase_started'>): void {
    const parent = this.traceparent;
    const attributes = { 'pikaci.phase': phase };
    this.#phases.begin(phase, { name: phase, kind: 'internal', parent, startMs: Date.parse(at), attributes });
  }

  #endPhase({ phase, at, ok }: Of<'phase_finished'>): void {
    this.#phases.end(phase, { endMs: Date.parse(at), ...(ok ? {} : { error: `${phase} failed` }) });
  }

  #beginStep({ step_id: id, name, at }: Pick<Of<'step_started'>, 'step_id' | 'name' | 'at'>): void {
    const parent = this.#phases.traceparentOf('wait_for_completion') ?? this.traceparent;
    const attributes = { 'pikaci.step.id': id, 'pikaci.step.name': name };
    this.#steps.begin(id, { name, kind: 'internal', parent, startMs: Date.parse(at), attributes });
  }

  #endStep(event: Of<'step_finished'>): void {
    const { step_id: id, at, status, cause, exit_code: code, reason } = event;
    // One that was skipped has not begun.
    if (status === 'skipped') this.#beginStep(event);
    const result = traceResultOf(status, cause);
    this.#steps.end(id, {
      endMs: Date.parse(at),
      attributes: known({
        'pikaci.step.result': result,
        'process.exit.code': code,
        'pikaci.step.skip_reason': reason,
        'error.type': isError(result) ? cause : null,
      }),
      ...(isError(result)
        ? { error: `${cause ?? 'failed'}${code === null ? '' : `: exit code ${code}`}` }
        : {}),
    });
  }

  #finish({ at, status, cause, exit_code: code, message }: Of<'job_finished'>): void {
    const result = traceResultOf(status, cause);
    const attributes = known({
      'cicd.pipeline.task.run.result': result,
      'process.exit.code': code,
      'error.type': isError(result) ? cause : null,
      'pikaci.detached': status === 'detached' ? true : null,
    });
    this.#end(Date.parse(at), attributes, isError(result) ? message : null);
  }

  /** What is removed behind the result begins spans of its own. */
  #end(endMs: number, attributes: SpanAttributes, error: string | null): void {
    this.#steps.endAll({ endMs });
    this.#phases.endAll({ endMs });
    this.#span.end({
      endMs,
      attributes: { ...this.#attributes, ...attributes },
      ...(error === null ? {} : { error }),
    });
  }
}
