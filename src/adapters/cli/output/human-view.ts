import type { PikaciEvent } from '../../../domain/event.js';
import type { RunEvent } from '../../../domain/run-event.js';
import type { Clock } from '../../../ports/clock.js';
import { type Colours, canRedraw, coloursFor } from './colours.js';
import { escapeMessage } from './escape-control.js';
import { eventNotice, nodeNotice } from './event-notice.js';
import { JobProgress } from './job-progress.js';
import { LogWriter } from './log-writer.js';
import { formatBytes } from './quantities.js';
import type { RunEnd } from './run-end.js';
import { runSummary } from './run-summary.js';
import type { RunStart, RunView } from './run-view.js';
import { StatusLine } from './status-line.js';
import type { StreamOutput } from './stream-output.js';

const REDRAW_MS = 100;

export interface HumanOutputs {
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  readonly columns: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** `--output human`: the log on standard output, and nothing but the log; phases, messages and the summary on standard error. */
export class HumanView implements RunView {
  readonly #outputs: HumanOutputs;
  readonly #colours: Colours;
  readonly #progress = new JobProgress();
  readonly #status: StatusLine | null;
  readonly #stop = new AbortController();
  #log: LogWriter;

  constructor(outputs: HumanOutputs) {
    this.#outputs = outputs;
    const facts = { env: outputs.env, isTerminal: outputs.isTerminal.stderr };
    this.#colours = coloursFor(facts);
    this.#status = canRedraw(facts) ? new StatusLine(outputs.stderr, outputs.columns) : null;
    this.#log = new LogWriter(outputs.stdout, { prefixed: false });
  }

  started(start: RunStart): void {
    this.#log = new LogWriter(this.#outputs.stdout, { prefixed: start.jobIds.length > 1 });
    this.notice(`run ${start.runId} on ${start.host}`);
    if (this.#status !== null) void this.#redraw(this.#status);
  }

  emit(event: PikaciEvent): void {
    if (this.#stop.signal.aborted) return;
    if (event.type === 'log_bytes') {
      this.#status?.clear();
      this.#log.write(event.job_id, event.data);
      this.#drawStatus();
      return;
    }
    this.#progress.observe(event, this.#outputs.clock.monotonic());
    if (event.type === 'job_finished') this.#log.end(event.job_id);
    const text = eventNotice(event, { phases: this.#status === null, colours: this.#colours });
    if (text !== null) this.#line(`${this.#colours.dim(`[${event.job_id}]`)} ${text}`);
  }

  emitRun(event: RunEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#progress.observeNode(event, this.#outputs.clock.monotonic());
    const text = nodeNotice(event, { phases: this.#status === null, colours: this.#colours });
    if (text !== null && 'node_id' in event) this.#line(`${this.#colours.dim(`[${event.node_id}]`)} ${text}`);
  }

  drained(): Promise<void> {
    return this.#outputs.stdout.drained();
  }

  notice(text: string): void {
    if (!this.#stop.signal.aborted) this.#line(`${this.#colours.dim('pikaci:')} ${escapeMessage(text)}`);
  }

  finished(end: RunEnd): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#log.endAll();
    const dropped = this.#outputs.stdout.droppedBytes;
    if (dropped > 0) this.#line(`${formatBytes(dropped)} of log were not shown, because the reader stalled`);
    for (const line of runSummary(end, this.#colours)) this.#line(line);
  }

  #line(text: string): void {
    this.#status?.clear();
    // The guest has left the terminal in the middle of a line.
    if (this.#sharedTerminal && this.#log.breakLine()) this.#outputs.stderr.write('\n');
    this.#outputs.stderr.write(`${text}\n`);
  }

  get #sharedTerminal(): boolean {
    return this.#outputs.isTerminal.stdout && this.#outputs.isTerminal.stderr;
  }

  /** Below the log: not while the guest is in the middle of a line, which the status would be glued to. */
  #drawStatus(): void {
    if (this.#status === null || (this.#sharedTerminal && !this.#log.atLineStart)) return;
    const text = this.#progress.text(this.#outputs.clock.monotonic());
    if (text === null) this.#status.clear();
    else this.#status.draw(text);
  }

  async #redraw(status: StatusLine): Promise<void> {
    while ((await this.#outputs.clock.sleep(REDRAW_MS, this.#stop.signal)) === 'elapsed') {
      status.tick();
      this.#drawStatus();
    }
  }
}
