import { LineAssembler, type LogLine } from '../line-assembler.js';
import { lineLead } from '../log-writer.js';
import { standing, TerminalLines } from '../terminal-line.js';

/** Bytes of an unfinished line that are looked at to show it. */
const PREVIEW_BYTES = 4096;
/** A line that is unfinished for less is only on its way. */
const PREVIEW_AFTER_MS = 200;

interface JobLines {
  readonly assembler: LineAssembler;
  readonly lines: TerminalLines;
  /** Monotonic, ms; null while nothing of a next line has come. */
  unfinishedSince: number | null;
}

/** The logs of a run's jobs as whole lines for a terminal that they share with the tree. Of several jobs each line is led by its job's id. */
export class LiveLog {
  readonly #prefixed: boolean;
  readonly #jobs = new Map<string, JobLines>();

  constructor(options: { readonly prefixed: boolean }) {
    this.#prefixed = options.prefixed;
  }

  /** The lines that `data` has ended, each with its newline. */
  push(jobId: string, data: Uint8Array, now: number): string {
    let job = this.#jobs.get(jobId);
    if (job === undefined) {
      job = { assembler: new LineAssembler(), lines: new TerminalLines(), unfinishedSince: null };
      this.#jobs.set(jobId, job);
    }
    const ended = job.assembler.push(data);
    if (job.assembler.heldBytes === 0) job.unfinishedSince = null;
    else if (ended.length > 0 || job.unfinishedSince === null) job.unfinishedSince = now;
    return this.#text(jobId, job, ended);
  }

  /** What a job's log had after its last newline. */
  end(jobId: string): string {
    const job = this.#jobs.get(jobId);
    const last = job?.assembler.end() ?? null;
    this.#jobs.delete(jobId);
    return job === undefined || last === null ? '' : this.#text(jobId, job, [last]);
  }

  endAll(): string {
    return [...this.#jobs.keys()].map((jobId) => this.end(jobId)).join('');
  }

  /** Lines that have begun and wait for their end: a question, a bar that fills. */
  unfinished(now: number): readonly string[] {
    return [...this.#jobs].flatMap(([jobId, { assembler, unfinishedSince }]) => {
      if (unfinishedSince === null || now - unfinishedSince < PREVIEW_AFTER_MS) return [];
      const text = standing(decoded(assembler.tail(PREVIEW_BYTES)));
      return [`${this.#lead(jobId)}${new TerminalLines().next(text)}`];
    });
  }

  #text(jobId: string, { lines }: JobLines, ended: readonly LogLine[]): string {
    return ended.map((line) => `${this.#lead(jobId, line)}${lines.next(decoded(line.bytes))}\n`).join('');
  }

  #lead(jobId: string, line: Pick<LogLine, 'continues'> = { continues: false }): string {
    return this.#prefixed ? lineLead(jobId, line) : '';
  }
}

function decoded(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
