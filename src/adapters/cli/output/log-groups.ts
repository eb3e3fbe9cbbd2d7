import type { PikaciEvent } from '../../../domain/events/event.js';
import type { OuterCi } from './outer-ci.js';

/**
 * The groups of one job's log: what comes before it runs, each of its steps, and what comes behind. Phases overlap, and so are lines of
 * these.
 */
export class LogGroups {
  readonly #outer: OuterCi;
  readonly #write: (text: string) => void;
  #open: string | null = null;
  #hasSteps = false;

  constructor(outer: OuterCi, write: (text: string) => void) {
    this.#outer = outer;
    this.#write = write;
  }

  /** Before the event's own line, which is then in the group that it begins. */
  before(event: PikaciEvent): void {
    switch (event.type) {
      case 'job_started':
        this.#hasSteps = false;
        this.#begin(`prepare ${event.job_id}`);
        return;
      case 'step_started':
        this.#hasSteps = true;
        this.#begin(`step ${event.name}`);
        return;
      case 'phase_started':
        if (event.phase === 'wait_for_completion' && !this.#hasSteps) this.#begin(`run ${event.job_id}`);
        if (event.phase === 'collect_artifacts') this.#begin(`collect from ${event.job_id}`);
        return;
      default:
        return;
    }
  }

  /** Behind its line. */
  after(event: PikaciEvent): void {
    const isLast = event.type === 'step_finished' || event.type === 'job_finished';
    if (isLast || (event.type === 'phase_finished' && event.phase === 'wait_for_completion')) this.end();
  }

  end(): void {
    if (this.#open !== null) this.#write(this.#outer.close());
    this.#open = null;
  }

  #begin(title: string): void {
    if (this.#open === title) return;
    this.end();
    this.#open = title;
    this.#write(this.#outer.open(title));
  }
}
