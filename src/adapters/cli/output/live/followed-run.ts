import { escapeMessage } from '../escape-control.js';
import { LogWriter } from '../log-writer.js';
import { liveFrame } from './live-frame.js';
import { LiveLog } from './live-log.js';
import { LiveScreen } from './live-screen.js';
import type { LiveOutputs } from './live-view.js';
import { type RecordedRun, recordedNodes } from './recorded-nodes.js';
import type { TreeNode } from './tree-node.js';

/** The logs of a run that another process works on, above its tree as the records have it. */
export class FollowedRun {
  readonly #outputs: LiveOutputs;
  readonly #log: LiveLog;
  readonly #elsewhere: LogWriter | null;
  readonly #screen: LiveScreen;
  #nodes: readonly TreeNode[] = [];
  #began: number;

  constructor(outputs: LiveOutputs, options: { readonly prefixed: boolean }) {
    this.#outputs = outputs;
    this.#log = new LiveLog(options);
    this.#elsewhere = outputs.isTerminal.stdout
      ? null
      : new LogWriter(outputs.stdout, { ...options, form: 'bytes' });
    this.#began = outputs.clock.monotonic();
    this.#screen = new LiveScreen({
      ...outputs,
      frame: (size, now) => {
        const { colours } = outputs;
        const unfinished = this.#log.unfinished(now);
        return liveFrame({ nodes: this.#nodes, unfinished, colours, now, began: this.#began }, size);
      },
    });
  }

  show(recorded: RecordedRun): void {
    const { clock } = this.#outputs;
    const offset = clock.monotonic() - clock.now();
    const monotonic = (iso: string) => (Date.parse(iso) || clock.now()) + offset;
    this.#nodes = recordedNodes(recorded, monotonic);
    this.#began = monotonic(recorded.run.created_at);
    this.#screen.changed();
  }

  write(name: string, data: Uint8Array): void {
    if (this.#elsewhere !== null) this.#elsewhere.write(name, data);
    else this.#screen.print('stdout', this.#log.push(name, data, this.#outputs.clock.monotonic()));
  }

  /** A message of pikaci's own, behind what a log has had so far. */
  say(name: string, text: string): void {
    this.#elsewhere?.end(name);
    this.#screen.print('stdout', this.#log.end(name));
    this.#screen.print('stderr', `pikaci: ${escapeMessage(text)}\n`);
  }

  /** Ends what has no newline, and takes the tree away; what is left is the log. */
  endAll(): void {
    this.#elsewhere?.endAll();
    this.#screen.print('stdout', this.#log.endAll());
    this.#screen.close();
  }
}
