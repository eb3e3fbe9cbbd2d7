import xterm from '@xterm/headless';
import type { CliScreen } from '../../src/adapters/cli/process/cli-input.js';

/** A terminal as people see it: an emulator that shows what is written to it, wraps, scrolls and reflows. */
export class ScriptedTerminal implements CliScreen {
  readonly #emulator: InstanceType<typeof xterm.Terminal>;
  readonly #resizeHandlers = new Set<() => void>();
  readonly #resumeHandlers = new Set<() => void>();

  constructor(size: { readonly columns: number; readonly rows: number }) {
    this.#emulator = new xterm.Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback: 10_000,
      // As the line discipline of a tty does it.
      convertEol: true,
      allowProposedApi: true,
    });
  }

  size(): { columns: number; rows: number } {
    return { columns: this.#emulator.cols, rows: this.#emulator.rows };
  }

  onResize(handler: () => void): () => void {
    this.#resizeHandlers.add(handler);
    return () => this.#resizeHandlers.delete(handler);
  }

  onResume(handler: () => void): () => void {
    this.#resumeHandlers.add(handler);
    return () => this.#resumeHandlers.delete(handler);
  }

  /** Who would be told of a change. */
  get listeners(): number {
    return this.#resizeHandlers.size + this.#resumeHandlers.size;
  }

  write(data: Uint8Array | string): void {
    this.#emulator.write(data);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.resizeUntold(columns, rows);
    for (const handler of this.#resizeHandlers) handler();
  }

  /** As it is before the signal has come. */
  async resizeUntold(columns: number, rows: number): Promise<void> {
    await this.#parsed();
    this.#emulator.resize(columns, rows);
  }

  /** The shell says something while the process is stopped; then it goes on. */
  stopAndResume(said: string): void {
    this.write(said);
    for (const handler of this.#resumeHandlers) handler();
  }

  /** What stands on the screen, without empty lines at its end. */
  async screen(): Promise<string[]> {
    await this.#parsed();
    return this.#lines(this.#emulator.buffer.active.baseY);
  }

  /** The same with all that has scrolled out. */
  async everything(): Promise<string[]> {
    await this.#parsed();
    return this.#lines(0);
  }

  async cursor(): Promise<{ readonly column: number; readonly row: number }> {
    await this.#parsed();
    const { cursorX: column, cursorY: row } = this.#emulator.buffer.active;
    return { column, row };
  }

  /** Resolves when a line on the screen matches. */
  async shows(pattern: RegExp | string): Promise<void> {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        const listener = this.#emulator.onWriteParsed(() => {
          listener.dispose();
          resolve();
        });
      });
      const lines = await this.screen();
      if (lines.some((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line))))
        return;
      await changed;
    }
  }

  #parsed(): Promise<void> {
    return new Promise((resolve) => this.#emulator.write('', resolve));
  }

  #lines(from: number): string[] {
    const buffer = this.#emulator.buffer.active;
    const lines: string[] = [];
    for (let row = from; row < buffer.baseY + this.#emulator.rows; row += 1)
      lines.push(buffer.getLine(row)?.translateToString(true) ?? '');
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}
