import type { GuestReadiness } from '../../domain/machine/machine-ready.js';
import type { Journal } from '../events/journal.js';

/** The phase in which a machine is waited for: told once, whatever its supervisor tells again. */
export class ReadyPhase {
  readonly #journal: Pick<Journal, 'beginPhase' | 'timings'>;
  #finish: ReturnType<Journal['beginPhase']> | null = null;
  #isOver: boolean;

  constructor(journal: Pick<Journal, 'beginPhase' | 'timings'>) {
    this.#journal = journal;
    this.#isOver = journal.timings.some(({ phase }) => phase === 'wait_until_ready');
  }

  readonly take = ({ state, waited_ms }: GuestReadiness): void => {
    if (this.#isOver) return;
    this.#finish ??= this.#journal.beginPhase('wait_until_ready');
    if (state === 'waiting') return;
    this.#isOver = true;
    this.#finish(state === 'ready', waited_ms);
  };

  /** Nothing more will be told. */
  end(): void {
    if (this.#finish !== null && !this.#isOver) this.#finish(false);
    this.#isOver = true;
  }
}
