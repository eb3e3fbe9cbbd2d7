import type { RunEvent } from '../../domain/events/run-event.js';
import type { RunJobStatus } from '../../domain/events/run-status.js';
import type { PlanNode } from '../../domain/target/plan.js';
import type { Clock } from '../../ports/clock.js';
import type { SecretMasker } from '../secrets/secret-masker.js';

type Unstamped<T> = T extends RunEvent ? Omit<T, 'schema_version' | 'at' | 'run_id'> : never;

export interface FinishedNode {
  readonly node_id: string;
  readonly kind: PlanNode['kind'];
  readonly status: RunJobStatus;
  readonly allow_failure?: true;
  readonly not_needed?: true;
  readonly taken_over_from?: string;
  readonly message: string;
  readonly cached?: boolean;
  readonly duration_ms?: number;
}

/** Tells what happens in a run, each event with the run's id and the time, and no secret in what it says. */
export class RunReporter {
  readonly #unwritten = new Set<string>();

  constructor(
    private readonly runId: string,
    private readonly clock: Clock,
    private readonly masker: Pick<SecretMasker, 'maskText'>,
    private readonly emit: (event: RunEvent) => void,
  ) {}

  /** ISO 8601. */
  now(): string {
    return new Date(this.clock.now()).toISOString();
  }

  report(event: Unstamped<RunEvent>): void {
    const stamp = { schema_version: 1, at: this.now(), run_id: this.runId } as const;
    this.emit(this.masked({ ...stamp, ...event } as RunEvent));
  }

  private masked(event: RunEvent): RunEvent {
    return event.type === 'node_finished' || event.type === 'run_warning' || event.type === 'run_ended'
      ? { ...event, message: this.masker.maskText(event.message) }
      : event;
  }

  warn(message: string): void {
    this.report({ type: 'run_warning', message });
  }

  /** A file of the run's state that could not be written, told once: the run goes on, and its results count. */
  readonly unwritten = (path: string, why: string): void => {
    if (this.#unwritten.has(path)) return;
    this.#unwritten.add(path);
    this.warn(`${path} could not be written, and the run goes on: ${why}`);
  };

  nodeFinished(end: FinishedNode): void {
    this.report({ type: 'node_finished', duration_ms: 0, cached: false, ...end });
  }
}
