import { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Takes what log-update writes, so that it can go out in one piece with what else there is to write. */
class Capture extends Writable {
  columns = 80;
  rows = 24;
  #text = '';

  constructor() {
    super({ decodeStrings: false });
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  override _write(chunk: string | Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk.toString();
    done();
  }
}

/**
 * The lines at the bottom of a terminal that are drawn over again, as the control sequences that do it. The cursor waits in the
 * line below them and stays visible: whatever ends the process, also SIGKILL, the terminal needs no repair.
 */
export class Canvas {
  readonly #capture = new Capture();
  readonly #update = createLogUpdate(this.#capture, { showCursor: true });
  #lines: readonly string[] = [];
  #columns = 0;

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** From what is there to `lines`, none of which is wider than the terminal; `''` when that is the same. */
  draw(lines: readonly string[], size: ScreenSize): string {
    // log-update finds what is the same in front and at the end, and loses lines when there are more or fewer between.
    const redraws = lines.length !== this.#lines.length || size.columns < this.#columns;
    const erased = redraws ? this.erase(size) : '';
    Object.assign(this.#capture, size);
    if (lines.length > 0) this.#update(lines.join('\n'));
    this.#lines = lines;
    this.#columns = size.columns;
    return `${erased}${this.#capture.take()}`;
  }

  erase(size: ScreenSize): string {
    if (this.isEmpty) return '';
    if (size.columns < this.#columns) return this.#eraseWrapped(size);
    this.#update.clear();
    this.#lines = [];
    return this.#capture.take();
  }

  /** What was drawn stays where it is, and is not drawn over. */
  forget(): void {
    this.#update.done();
    this.#lines = [];
  }

  /** A terminal that was made narrower has wrapped the lines, which log-update does not know of. */
  #eraseWrapped({ columns }: ScreenSize): string {
    const height = this.#lines.reduce((sum, line) => sum + rowsOf(line, columns), 0);
    this.forget();
    return `\r\u001b[${height}A\u001b[J`;
  }
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(stringWidth(line) / columns));
}
