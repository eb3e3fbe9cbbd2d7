import type { PikaciEvent } from '../../../domain/events/event.js';
import type { RunEvent } from '../../../domain/events/run-event.js';
import type { Clock } from '../../../ports/clock.js';
import type { Colours } from './colours.js';
import { escapeMessage } from './escape-control.js';
import { eventNotice, nodeNotice } from './event-notice.js';
import { LogGroups } from './log-groups.js';
import { LogWriter, logForm } from './log-writer.js';
import type { OuterCi } from './outer-ci.js';
import { pasteable } from './pasteable.js';
import { formatBytes } from './quantities.js';
import type { RunEnd } from './run-end.js';
import { runSummary } from './run-summary.js';
import type { RunStart, RunView } from './run-view.js';
import type { StreamOutput } from './stream-output.js';
import { UploadNotices } from './upload-notices.js';

export interface HumanOutputs {
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  readonly colours: Colours;
  /** A terminal gets the log as it is, and not only its colours. */
  readonly raw: boolean;
  /** See `pasteable`; escaped. */
  readonly where: string;
  readonly clock: Clock;
  /** The CI system that reads standard output, where there is one. */
  readonly outer?: OuterCi | null;
}

/**
 * `--output human` where nothing can be drawn over again: the log on standard output, and nothing but the log; phases, messages and
 * the summary as lines on standard error. In another CI system it keeps guests from commanding that, and a single job's log has groups,
 * with the messages in them.
 */
export class PlainView implements RunView {
  readonly #outputs: HumanOutputs;
  readonly #uploads = new UploadNotices();
  #log: LogWriter;
  #groups: LogGroups | null = null;
  #ended = false;

  constructor(outputs: HumanOutputs) {
    this.#outputs = outputs;
    this.#log = this.#writer(false);
  }

  started(start: RunStart): void {
    const { outer, stdout } = this.#outputs;
    this.#log = this.#writer(start.jobIds.length > 1);
    if (outer != null) stdout.write(outer.before);
    // The logs of several jobs come in turns.
    if (outer != null && start.jobIds.length === 1)
      this.#groups = new LogGroups(outer, (text) => this.#mark(text));
    this.notice(`run ${start.runId} on ${start.host}`);
  }

  emit(event: PikaciEvent): void {
    if (this.#ended) return;
    if (event.type === 'log_bytes') {
      this.#log.write(event.job_id, this.#outputs.outer?.said(event.job_id, event.data) ?? event.data);
      return;
    }
    this.#groups?.before(event);
    if (event.type === 'job_finished' || event.type === 'log_cut') this.#log.end(event.job_id);
    const { clock, colours } = this.#outputs;
    const text =
      event.type === 'upload_progress'
        ? this.#uploads.next(event.job_id, event, clock.monotonic())
        : eventNotice(event, { phases: true, colours });
    if (text !== null) this.#nodeLine(event.job_id, text);
    this.#groups?.after(event);
  }

  emitRun(event: RunEvent): void {
    if (this.#ended || event.type === 'run_started') return;
    if (event.type === 'run_ended' || event.type === 'run_closed') return;
    if (event.type === 'run_warning') {
      this.notice(`warning: ${event.message}`);
      return;
    }
    const { clock, colours } = this.#outputs;
    const text =
      event.type === 'node_upload_progress'
        ? this.#uploads.next(event.node_id, event, clock.monotonic())
        : nodeNotice(event, colours);
    if (text !== null) this.#nodeLine(event.node_id, text);
  }

  drained(): Promise<void> {
    return this.#outputs.stdout.drained();
  }

  notice(text: string): void {
    if (!this.#ended) this.#line(`${this.#outputs.colours.dim('pikaci:')} ${escapeMessage(text)}`);
  }

  finished(end: RunEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#log.endAll();
    this.#groups?.end();
    const dropped = this.#outputs.stdout.droppedBytes;
    if (dropped > 0) this.#line(`${formatBytes(dropped)} of log were not shown, because the reader stalled`);
    for (const line of runSummary(end, this.#outputs.colours)) this.#line(line);
    this.#letGo();
  }

  close(): void {
    if (!this.#ended) this.#letGo();
    this.#ended = true;
  }

  /** The lines that follow are those of whoever has called. */
  #letGo(): void {
    const { outer } = this.#outputs;
    if (outer != null) this.#mark(outer.after);
  }

  /** A line of the CI system's own begins a line. */
  #mark(text: string): void {
    const { stdout } = this.#outputs;
    stdout.write(this.#log.breakLine() && text !== '' ? `\n${text}` : text);
  }

  #writer(prefixed: boolean): LogWriter {
    const { stdout, isTerminal, raw } = this.#outputs;
    return new LogWriter(stdout, { prefixed, form: logForm({ isTerminal: isTerminal.stdout, raw }) });
  }

  #nodeLine(id: string, text: string): void {
    this.#line(`${this.#outputs.colours.dim(`[${id}]`)} ${text}`);
  }

  #line(text: string): void {
    const { isTerminal, stderr, where } = this.#outputs;
    if (this.#groups !== null) {
      this.#mark(`${pasteable(text, where)}\n`);
      return;
    }
    // The guest has left the terminal in the middle of a line.
    if (isTerminal.stdout && isTerminal.stderr && this.#log.breakLine()) stderr.write('\n');
    stderr.write(`${pasteable(text, where)}\n`);
  }
}
