import { LineAssembler, type LogLine } from './line-assembler.js';
import type { StreamOutput } from './stream-output.js';
import { TerminalLines, TerminalStream } from './terminal-line.js';

const NEWLINE = 0x0a;

export interface LogWriterOptions {
  /** Several logs share the output. */
  readonly prefixed: boolean;
  /** `bytes` as they are: for pipes and files, and where `--raw` asks for it. `text` is for a terminal, and has nothing but colours. */
  readonly form: LogForm;
}

export type LogForm = 'bytes' | 'text';

/** What becomes of a log on standard output. */
export function logForm(options: { readonly isTerminal: boolean; readonly raw: boolean }): LogForm {
  return options.isTerminal && !options.raw ? 'text' : 'bytes';
}

/** What each line of one log among several begins with. */
export function lineLead(jobId: string, { continues }: Pick<LogLine, 'continues'>): string {
  return `[${jobId}]${continues ? '+' : ' '}`;
}

interface JobLog {
  readonly assembler: LineAssembler;
  readonly lines: TerminalLines;
}

/**
 * Writes the logs of a run to one output: a single job's as it comes, several jobs' as whole lines led by the job's
 * id (`[id] `, or `[id]+` for the next piece of an overlong line).
 */
export class LogWriter {
  readonly #output: StreamOutput;
  readonly #prefixed: boolean;
  readonly #isText: boolean;
  readonly #logs = new Map<string, JobLog>();
  #stream = new TerminalStream();
  #atLineStart = true;

  constructor(output: StreamOutput, options: LogWriterOptions) {
    this.#output = output;
    this.#prefixed = options.prefixed;
    this.#isText = options.form === 'text';
  }

  /** Tells it that somebody else is about to write to the terminal; true when there is a line to end first. */
  breakLine(): boolean {
    const broken = !this.#atLineStart;
    this.#atLineStart = true;
    if (broken) this.#output.write(this.#stream.pause());
    return broken;
  }

  write(jobId: string, data: Uint8Array): void {
    if (!this.#prefixed) {
      this.#piece(this.#isText ? this.#stream.push(data) : data);
      return;
    }
    let log = this.#logs.get(jobId);
    if (log === undefined) {
      log = { assembler: new LineAssembler(), lines: new TerminalLines() };
      this.#logs.set(jobId, log);
    }
    this.#lines(jobId, log, log.assembler.push(data));
  }

  /** Gives out what a job's log had after its last newline. */
  end(jobId: string): void {
    if (!this.#prefixed) this.#endStream();
    const log = this.#logs.get(jobId);
    const last = log?.assembler.end() ?? null;
    this.#logs.delete(jobId);
    if (log !== undefined && last !== null) this.#lines(jobId, log, [last]);
  }

  endAll(): void {
    this.#endStream();
    for (const jobId of [...this.#logs.keys()]) this.end(jobId);
  }

  #endStream(): void {
    this.#piece(this.#stream.end());
    this.#stream = new TerminalStream();
  }

  #piece(text: Uint8Array | string): void {
    if (text.length === 0) return;
    this.#output.offer(text);
    const last = typeof text === 'string' ? text.charCodeAt(text.length - 1) : text.at(-1);
    this.#atLineStart = last === NEWLINE;
  }

  #lines(jobId: string, { lines }: JobLog, ended: readonly LogLine[]): void {
    if (ended.length === 0) return;
    const parts = ended.flatMap((line) => [
      Buffer.from(lineLead(jobId, line)),
      this.#isText ? Buffer.from(lines.next(Buffer.from(line.bytes).toString('utf8'))) : line.bytes,
      Buffer.of(NEWLINE),
    ]);
    this.#output.offer(Buffer.concat(parts));
  }
}
