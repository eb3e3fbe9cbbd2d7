import type { Clock } from '../../../../ports/clock.js';
import type { CliScreen } from '../../process/cli-input.js';
import type { StreamOutput } from '../stream-output.js';
import { Canvas, type ScreenSize } from './canvas.js';

/** How often the screen is drawn at most, and at least while something runs. */
const REDRAW_MS = 100;
/** Since the last drawing: the process was stopped, or was kept from running. */
const STALLED_MS = 1000;
/** Text that waits for the next drawing; more is written at once. */
const MOST_WAITING = 128 * 1024;
/** A terminal that knows these (DEC private mode 2026) shows nothing half done; others ignore them. */
const HOLD = '\u001b[?2026h';
const SHOW = '\u001b[?2026l';

export interface LiveScreenParts {
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly screen: CliScreen;
  readonly clock: Clock;
  /** Standard error is one. */
  readonly isTerminal: { readonly stdout: boolean };
  /** The lines to show now; called at each drawing. */
  readonly frame: (size: ScreenSize, now: number) => readonly string[];
}

type Channel = 'stdout' | 'stderr';

/** A terminal with text that scrolls and, below it, lines that are drawn over again. All that goes to the terminal goes through it. */
export class LiveScreen {
  readonly #parts: LiveScreenParts;
  readonly #canvas = new Canvas();
  readonly #stop = new AbortController();
  readonly #forget: readonly (() => void)[];
  #waiting: { readonly to: Channel; text: string }[] = [];
  #waitingLength = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #resumes = false;

  constructor(parts: LiveScreenParts) {
    this.#parts = parts;
    this.#forget = [
      parts.screen.onResize(() => this.#draw()),
      // What the shell wrote in between stands below what was drawn.
      parts.screen.onResume(() => {
        this.#canvas.forget();
        this.changed();
      }),
    ];
    void this.#keepDrawing();
  }

  /** Whole lines, to stand above what is drawn. */
  print(to: Channel, text: string): void {
    if (text === '') return;
    const last = this.#waiting.at(-1);
    if (last?.to === to) last.text += text;
    else this.#waiting.push({ to, text });
    this.#waitingLength += text.length;
    if (this.#waitingLength > MOST_WAITING) this.#draw();
    else this.changed();
  }

  /** The next drawing shows it: at once, unless the last one was just now. */
  changed(): void {
    if (this.#parts.clock.monotonic() - this.#drawnAt >= REDRAW_MS) this.#draw();
  }

  /** Ends the drawing; `last` stays on the screen in its place. May be called again, and does nothing then. */
  close(last: readonly string[] = []): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const forget of this.#forget) forget();
    const lines = last.map((line) => `${line}\n`).join('');
    this.#write([
      { to: 'stderr', text: this.#canvas.erase(this.#size) },
      ...this.#taken(),
      { to: 'stderr', text: lines },
    ]);
  }

  async #keepDrawing(): Promise<void> {
    const { clock } = this.#parts;
    while ((await clock.sleep(REDRAW_MS, this.#stop.signal)) === 'elapsed') this.#draw();
  }

  #draw(): void {
    if (this.#stop.signal.aborted || this.#resumes) return;
    const { frame, clock } = this.#parts;
    const stalledMs = clock.monotonic() - this.#drawnAt;
    this.#drawnAt = clock.monotonic();
    if (stalledMs > STALLED_MS && !this.#canvas.isEmpty) {
      // Timers come before signals: whether this is because of Ctrl-Z is known a moment later.
      this.#resumes = true;
      setImmediate(() => {
        this.#resumes = false;
        this.#draw();
      });
      return;
    }
    const text = this.#taken();
    // A terminal that is behind gets the log, and the newest tree once it has caught up, not all the trees in between.
    const size = this.#size;
    const erased = text.length === 0 ? '' : this.#canvas.erase(size);
    const drawn = this.#isBehind ? '' : this.#canvas.draw(frame(size, this.#drawnAt), size);
    this.#write([{ to: 'stderr', text: erased }, ...text, { to: 'stderr', text: drawn }]);
  }

  get #size(): ScreenSize {
    const { columns, rows } = this.#parts.screen.size();
    // A terminal that does not know its size says 0.
    return { columns: columns || 80, rows: rows || 24 };
  }

  get #isBehind(): boolean {
    const { stdout, stderr, isTerminal } = this.#parts;
    return stderr.backlog > 0 || (isTerminal.stdout && stdout.backlog > 0);
  }

  #taken(): readonly { readonly to: Channel; readonly text: string }[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    return waiting;
  }

  /** In as few pieces as the two streams allow. */
  #write(parts: readonly { readonly to: Channel; readonly text: string }[]): void {
    const pieces: { readonly to: Channel; text: string }[] = [];
    for (const { to, text } of parts) {
      const last = pieces.at(-1);
      if (text === '') continue;
      if (last?.to === to) last.text += text;
      else pieces.push({ to, text });
    }
    const { stdout, stderr } = this.#parts;
    const [first] = pieces;
    if (first === undefined) return;
    if (first.to === 'stderr') first.text = `${HOLD}${first.text}`;
    else pieces.unshift({ to: 'stderr', text: HOLD });
    const last = pieces.at(-1);
    if (last?.to === 'stderr') last.text += SHOW;
    else pieces.push({ to: 'stderr', text: SHOW });
    for (const { to, text } of pieces) {
      if (to === 'stdout') stdout.offer(text);
      else stderr.write(text);
    }
  }
}
