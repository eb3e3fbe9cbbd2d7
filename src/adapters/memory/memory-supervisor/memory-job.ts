import type { GuestRequest } from '../../../domain/job/guest-request.js';
import type { GuestResult, GuestStatus } from '../../../domain/job/guest-result.js';
import type { GuestStep } from '../../../domain/job/step-record.js';
import type { MemoryFiles } from '../memory-incus/memory-files.js';
import { playSteps } from './memory-steps.js';

/** A job as the script that plays it sees it. */
export interface MemoryJobControl {
  readonly request: GuestRequest;
  readonly secrets: Readonly<Record<string, string>>;
  /** The guest's own, with `/artifacts` and `/workspace/snapshot`. */
  readonly files: MemoryFiles;
  /** Resolves when the job is told to end. */
  readonly cancelled: Promise<void>;
  /** Appends to the job's log. */
  write(output: string | Uint8Array): void;
}

/**
 * Plays a job: an exit code, a whole result of the test's making, or null for a supervisor that dies without one (`lost`).
 */
export type MemoryJobScript = (job: MemoryJobControl) => Promise<number | GuestResult | null>;

/** The one job of a played guest: its log and its end, whoever watches. */
export class MemoryJob {
  secretsLine: string;
  #log = Buffer.alloc(0);
  #state: 'running' | 'finished' | 'lost' = 'running';
  #result: GuestResult | null = null;
  readonly #steps: GuestStep[] = [];
  #wasCancelled = false;
  #cancel: () => void = () => {};
  #waiting: (() => void)[] = [];

  constructor(script: MemoryJobScript, request: GuestRequest, secretsLine: string, files: MemoryFiles) {
    this.secretsLine = secretsLine;
    const cancelled = new Promise<void>((resolve) => {
      this.#cancel = resolve;
    });
    const secrets = JSON.parse(secretsLine || '{}') as Record<string, string>;
    const write = (output: string | Uint8Array) => {
      this.#log = Buffer.concat([this.#log, Buffer.from(output as Uint8Array)]);
      this.#changed();
    };
    const play = (played: GuestRequest) => script({ request: played, secrets, files, cancelled, write });
    const { steps } = request;
    const playing =
      steps === undefined
        ? play(request)
        : playSteps(request, steps, {
            play,
            tell: (step) => {
              this.#steps.push(step);
              this.#changed();
            },
            logBytes: () => this.#log.length,
            isCancelled: () => this.#wasCancelled,
          });
    void playing.then((end) => this.#end(end));
  }

  get status(): GuestStatus {
    return {
      schema_version: 1,
      state: this.#state,
      log_bytes: this.#log.length,
      result: this.#result,
      ...(this.#steps.length === 0 ? {} : { steps: this.#lastOfEach() }),
    };
  }

  /** With no grace at all the job is killed, whatever its script does. */
  cancel(graceSecs?: number): void {
    this.#wasCancelled ||= this.#state === 'running';
    this.#cancel();
    if (graceSecs === 0) this.#end(137);
  }

  async ended(): Promise<void> {
    while (this.#state === 'running') await this.#change();
  }

  /** The log from an offset to its end, and all that its steps do, as it comes. */
  async *follow(offset: number): AsyncGenerator<Uint8Array | GuestStep> {
    let told = 0;
    for (let at = offset; ; ) {
      for (const step of this.#steps.slice(told)) {
        told++;
        yield step;
      }
      const piece = this.#log.subarray(at);
      if (piece.length > 0) {
        at += piece.length;
        yield Uint8Array.from(piece);
      } else if (told < this.#steps.length) continue;
      else if (this.#state !== 'running') return;
      else await this.#change();
    }
  }

  #end(end: number | GuestResult | null): void {
    if (this.#state !== 'running') return;
    this.#state = end === null ? 'lost' : 'finished';
    this.#result = typeof end === 'number' ? this.#resultOf(end) : end;
    this.#changed();
  }

  #resultOf(exitCode: number): GuestResult {
    const finished = { schema_version: 1, finished_at: '2026-01-01T00:00:00Z', exit_code: exitCode } as const;
    if (this.#wasCancelled)
      return { ...finished, status: 'failed', cause: 'cancelled', message: 'cancelled' };
    return exitCode === 0
      ? { ...finished, status: 'passed', cause: 'exit', message: 'the command passed' }
      : { ...finished, status: 'failed', cause: 'exit', message: `the command failed with ${exitCode}` };
  }

  #lastOfEach(): GuestStep[] {
    return [...new Map(this.#steps.map((step) => [step.id, step])).values()];
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
