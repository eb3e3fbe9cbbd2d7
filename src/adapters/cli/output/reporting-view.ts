import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { PikaciEvent } from '../../../domain/events/event.js';
import type { RunEvent } from '../../../domain/events/run-event.js';
import { annotations } from './annotations.js';
import { codeQuality } from './code-quality.js';
import { markdownSummary } from './markdown-summary.js';
import type { RunEnd } from './run-end.js';
import type { RunStart, RunView } from './run-view.js';

export interface Reporting {
  /** Gets the summary in Markdown behind what it has; null for none. */
  readonly summary: string | null;
  /** Gets the failed tests as GitLab's report of code quality; null for none. */
  readonly codeQuality: string | null;
  /** Writes lines for an outer GitHub Actions; null where there is none. */
  readonly annotate: ((text: string) => void) | null;
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;

/** Never waits: a FIFO that nobody reads is an error. */
function write(path: string, text: string, how: number): void {
  const fd = openSync(path, O_WRONLY | how | O_CREAT | O_NONBLOCK, 0o644);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Another view, which at the end of the run also tells the CI around it. */
export class ReportingView implements RunView {
  readonly #view: RunView;
  readonly #reporting: Reporting;

  constructor(view: RunView, reporting: Reporting) {
    this.#view = view;
    this.#reporting = reporting;
  }

  started(start: RunStart): void {
    this.#view.started(start);
  }

  emit(event: PikaciEvent): void {
    this.#view.emit(event);
  }

  emitRun(event: RunEvent): void {
    this.#view.emitRun?.(event);
  }

  drained(): Promise<void> {
    return this.#view.drained();
  }

  notice(text: string): void {
    this.#view.notice(text);
  }

  finished(end: RunEnd): void {
    const { summary, codeQuality: quality, annotate } = this.#reporting;
    // At once: a process that leaves for a second Ctrl-C has no time to wait.
    if (summary !== null) this.#written('the summary', () => write(summary, markdownSummary(end), O_APPEND));
    if (quality !== null)
      this.#written('the report of code quality', () => write(quality, codeQuality(end), O_TRUNC));
    this.#view.finished(end);
    for (const line of annotate === null ? [] : annotations(end)) annotate?.(`${line}\n`);
  }

  close(): void {
    this.#view.close();
  }

  #written(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#view.notice(`${what} could not be written: ${error instanceof Error ? error.message : error}`);
    }
  }
}
