import type { StreamOutput } from './stream-output.js';

const CLEAR_TO_END = '\x1b[K';
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The one line at the bottom of a terminal that is drawn over again. It is never wider than the terminal, so that it stays one line. */
export class StatusLine {
  readonly #output: StreamOutput;
  readonly #columns: () => number;
  #shown = false;
  #frame = 0;

  constructor(output: StreamOutput, columns: () => number) {
    this.#output = output;
    this.#columns = columns;
  }

  /** Moves the spinner on; the next `draw` shows it. */
  tick(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
  }

  draw(text: string): void {
    const frame = FRAMES[this.#frame];
    // A terminal that does not know its width says 0.
    const room = Math.max(1, (this.#columns() || 80) - 1);
    const line = `${frame} ${text}`;
    const cut = line.length > room ? `${line.slice(0, Math.max(0, room - 1))}…` : line;
    // Overwritten from its start and cleared behind it: no moment in which the line is empty, so it does not flicker.
    this.#output.write(`\r${cut}${CLEAR_TO_END}`);
    this.#shown = true;
  }

  /** Has to be called before anything else is written to the terminal. */
  clear(): void {
    if (!this.#shown) return;
    this.#output.write(`\r${CLEAR_TO_END}`);
    this.#shown = false;
  }
}
