import type { PikaciEvent } from '../../../../domain/events/event.js';
import type { RunEvent } from '../../../../domain/events/run-event.js';
import type { CliScreen } from '../../process/cli-input.js';
import { escapeMessage } from '../escape-control.js';
import { eventNotice } from '../event-notice.js';
import { LogWriter } from '../log-writer.js';
import { pasteable } from '../pasteable.js';
import type { HumanOutputs } from '../plain-view.js';
import { formatBytes } from '../quantities.js';
import type { RunEnd } from '../run-end.js';
import { runSummary } from '../run-summary.js';
import type { RunStart, RunView } from '../run-view.js';
import type { ScreenSize } from './canvas.js';
import { liveFrame } from './live-frame.js';
import { LiveLog } from './live-log.js';
import { LiveScreen } from './live-screen.js';
import { RunTree } from './run-tree.js';
import { treeFrame } from './tree-frame.js';

export interface LiveOutputs extends HumanOutputs {
  readonly screen: CliScreen;
}

/**
 * `--output human` on a terminal: the tree of the run at the bottom, the log and messages above it. A log that goes elsewhere goes
 * there byte for byte.
 */
export class LiveView implements RunView {
  readonly #outputs: LiveOutputs;
  readonly #tree = new RunTree();
  readonly #screen: LiveScreen;
  readonly #began: number;
  #log = new LiveLog({ prefixed: false });
  #elsewhere: LogWriter | null = null;
  #ended = false;

  constructor(outputs: LiveOutputs) {
    this.#outputs = outputs;
    this.#began = this.#now;
    this.#screen = new LiveScreen({ ...outputs, frame: (size, now) => this.#frame(size, now) });
  }

  started({ jobIds, runId, host }: RunStart): void {
    const prefixed = jobIds.length > 1;
    this.#log = new LiveLog({ prefixed });
    if (!this.#outputs.isTerminal.stdout)
      this.#elsewhere = new LogWriter(this.#outputs.stdout, { prefixed, form: 'bytes' });
    this.#tree.expect(jobIds);
    this.notice(`run ${runId} on ${host}`);
  }

  emit(event: PikaciEvent): void {
    if (this.#ended) return;
    const now = this.#now;
    if (event.type === 'log_bytes') {
      if (this.#elsewhere === null)
        this.#screen.print('stdout', this.#log.push(event.job_id, event.data, now));
      else this.#elsewhere.write(event.job_id, event.data);
      return;
    }
    this.#tree.observe(event, now);
    if (event.type === 'job_finished' || event.type === 'log_cut') {
      this.#screen.print('stdout', this.#log.end(event.job_id));
      this.#elsewhere?.end(event.job_id);
    }
    const { colours } = this.#outputs;
    const text = eventNotice(event, { phases: false, colours });
    if (text !== null) this.#say(`${colours.dim(`[${event.job_id}]`)} ${text}`);
    this.#screen.changed();
  }

  emitRun(event: RunEvent): void {
    if (this.#ended) return;
    if (event.type === 'run_warning') this.notice(`warning: ${event.message}`);
    this.#tree.observeRun(event, this.#now);
    this.#screen.changed();
  }

  drained(): Promise<void> {
    return this.#outputs.stdout.drained();
  }

  notice(text: string): void {
    if (this.#ended) return;
    this.#say(`${this.#outputs.colours.dim('pikaci:')} ${escapeMessage(text)}`);
  }

  finished(end: RunEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const { stdout, colours, where } = this.#outputs;
    this.#tree.end(end, this.#now);
    this.#screen.print('stdout', this.#log.endAll());
    this.#elsewhere?.endAll();
    const dropped = stdout.droppedBytes;
    const lost =
      dropped === 0 ? [] : [`${formatBytes(dropped)} of log were not shown, because the reader stalled`];
    const summary = runSummary(end, colours).map((line) => pasteable(line, where));
    this.#screen.close([...lost, ...this.#lastTree(), ...summary]);
  }

  close(): void {
    this.#ended = true;
    this.#screen.close();
  }

  #say(text: string): void {
    this.#screen.print('stderr', `${pasteable(text, this.#outputs.where)}\n`);
  }

  get #now(): number {
    return this.#outputs.clock.monotonic();
  }

  #frame(size: ScreenSize, now: number): readonly string[] {
    return liveFrame({ ...this.#common(now), unfinished: this.#log.unfinished(now) }, size);
  }

  /** What became of each node, for a run that has more than the summary tells of. */
  #lastTree(): readonly string[] {
    if (this.#tree.nodes.length < 2) return [];
    const { columns } = this.#outputs.screen.size();
    const size = { columns: columns || 80, rows: Number.POSITIVE_INFINITY };
    return treeFrame({ ...this.#common(this.#now), ...size, spinner: '' });
  }

  #common(now: number) {
    return { nodes: this.#tree.nodes, colours: this.#outputs.colours, now, began: this.#began };
  }
}
