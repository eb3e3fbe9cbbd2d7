import { LineAssembler, type LogLine } from './line-assembler.js';
import type { StreamOutput } from './stream-output.js';

const NEWLINE = 0x0a;

/**
 * Writes the logs of a run to one output: a single job's bytes as they are, several jobs' as whole lines led by the job's
 * id (`[id] `, or `[id]+` for the next piece of an overlong line).
 */
export class LogWriter {
  readonly #output: StreamOutput;
  readonly #prefixed: boolean;
  readonly #assemblers = new Map<string, LineAssembler>();
  #atLineStart = true;

  constructor(output: StreamOutput, options: { readonly prefixed: boolean }) {
    this.#output = output;
    this.#prefixed = options.prefixed;
  }

  /** Tells it that somebody else is about to end the line; true when there is a line to end. */
  breakLine(): boolean {
    const broken = !this.#atLineStart;
    this.#atLineStart = true;
    return broken;
  }

  write(jobId: string, data: Uint8Array): void {
    if (!this.#prefixed) {
      this.#output.offer(data);
      this.#atLineStart = data.at(-1) === NEWLINE;
      return;
    }
    let assembler = this.#assemblers.get(jobId);
    if (assembler === undefined) {
      assembler = new LineAssembler();
      this.#assemblers.set(jobId, assembler);
    }
    this.#lines(jobId, assembler.push(data));
  }

  /** Gives out what a job's log had after its last newline. */
  end(jobId: string): void {
    const last = this.#assemblers.get(jobId)?.end() ?? null;
    this.#assemblers.delete(jobId);
    if (last !== null) this.#lines(jobId, [last]);
  }

  endAll(): void {
    for (const jobId of [...this.#assemblers.keys()]) this.end(jobId);
  }

  #lines(jobId: string, lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    const parts = lines.flatMap(({ bytes, continues }) => [
      Buffer.from(`[${jobId}]${continues ? '+' : ' '}`),
      bytes,
      Buffer.of(NEWLINE),
    ]);
    this.#output.offer(Buffer.concat(parts));
  }
}
