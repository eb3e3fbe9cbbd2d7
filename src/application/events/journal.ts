import type { Result } from 'neverthrow';
import type { PikaciEvent, WireEvent } from '../../domain/events/event.js';
import type { Phase, PhaseTiming } from '../../domain/machine/phase.js';
import type { Clock } from '../../ports/clock.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { FileStore } from '../../ports/file-store.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { GuardedEventSink } from './guarded-event-sink.js';
import { HostLog } from './host-log.js';
import { MaskingEventSink } from './masking-event-sink.js';

type Unstamped<T> = T extends WireEvent ? Omit<T, 'schema_version' | 'at' | 'run_id' | 'job_id'> : never;
/** An event before it is stamped with the run, the job and the time. */
export type JobEvent = Unstamped<Exclude<WireEvent, { type: 'log' }>>;

export interface JournalInput {
  readonly runId: string;
  readonly jobId: string;
  /** Path of `host.log` on the runner. */
  readonly hostLog: string;
  /** Masked in everything that is told. */
  readonly secrets: readonly string[];
  readonly localFiles: FileStore;
  readonly clock: Clock;
  readonly events: EventSink | undefined;
  /** Gets what the consumer gets, and never fails. */
  readonly trace?: EventSink | undefined;
  /** Phases of an earlier runner, when this one attaches. */
  readonly earlier?: readonly PhaseTiming[];
}

/** What is told of one machine and what runs in it: events, masked and stamped; phases, timed; the host log. */
export class Journal {
  readonly hostLog: HostLog;
  /** Of this machine's secrets. */
  readonly masker: SecretMasker;
  readonly #stamp: { readonly schema_version: 1; readonly run_id: string; readonly job_id: string };
  readonly #clock: Clock;
  readonly #sink: EventSink;
  readonly #outer: GuardedEventSink | null;
  readonly #timings: PhaseTiming[];

  constructor(input: JournalInput) {
    this.hostLog = new HostLog(input.localFiles, input.hostLog, (message) => this.warn(message));
    this.#stamp = { schema_version: 1, run_id: input.runId, job_id: input.jobId };
    this.#clock = input.clock;
    this.#outer =
      input.events === undefined
        ? null
        : new GuardedEventSink(input.events, (message) => this.emit({ type: 'warning', message }));
    this.#timings = [...(input.earlier ?? [])];
    const sinks = [this.hostLog, this.#outer, input.trace].flatMap((sink) => sink ?? []);
    const all: EventSink = {
      emit: (event) => {
        for (const sink of sinks) sink.emit(event);
      },
    };
    this.masker = new SecretMasker(input.secrets);
    this.#sink = new MaskingEventSink(all, this.masker);
  }

  get timings(): readonly PhaseTiming[] {
    return this.#timings;
  }

  emit(event: JobEvent): void {
    this.#sink.emit({ ...this.#stamp, at: this.#now(), ...event } as PikaciEvent);
  }

  /** A fault as it may be told. */
  masked<F extends { readonly message: string }>(fault: F): F {
    return { ...fault, message: this.masker.maskText(fault.message) };
  }

  warn(message: string): void {
    this.emit({ type: 'warning', message });
  }

  /** Already masked. */
  emitLog(data: Uint8Array): void {
    const { run_id, job_id } = this.#stamp;
    this.#sink.emit({ type: 'log_bytes', run_id, job_id, data });
  }

  async drained(): Promise<void> {
    await this.#outer?.drained();
  }

  /** Records the phase's start, end and duration, also when it fails. What `isFine` knows is an end like another. */
  async runPhase<T, E>(
    phase: Phase,
    work: () => Promise<Result<T, E>>,
    isFine?: (fault: E) => boolean,
  ): Promise<Result<T, E>> {
    const finish = this.beginPhase(phase);
    const result = await work();
    finish(result.isOk() || (isFine?.(result.error) ?? false));
    return result;
  }

  /** A phase that ends when what it gives is called; it took at least `leastMs`, where that is known. */
  beginPhase(phase: Phase): (ok: boolean, leastMs?: number) => void {
    const startedAt = this.#clock.now();
    const start = this.#clock.monotonic();
    this.emit({ type: 'phase_started', phase });
    return (ok, leastMs = 0) => {
      const passed = this.#clock.monotonic() - start;
      const durationMs = Math.max(passed, leastMs);
      this.#timings.push({
        phase,
        started_at: new Date(startedAt - (durationMs - passed)).toISOString(),
        finished_at: this.#now(),
        duration_ms: durationMs,
        ok,
      });
      this.emit({ type: 'phase_finished', phase, duration_ms: durationMs, ok });
    };
  }

  /** Waits by the clock that stamps the events. */
  pause(ms: number, signal: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return this.#clock.sleep(ms, signal);
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
