import { type GuestStep, guestStepSchema } from '../../domain/job/step-record.js';

const LONGEST_LINE = 16 * 1024;
const MOST_LINES = 1000;
const NEWLINE = 0x0a;
const MARK = 'step ';

/** Finds the lines `step JSON` in what a supervisor says beside the log. A guest may say anything: what is no step is left out. */
export class StepLines {
  readonly #onStep: (step: GuestStep) => void;
  #line: Buffer = Buffer.alloc(0);
  #isTooLong = false;
  #lines = 0;

  constructor(onStep: (step: GuestStep) => void) {
    this.#onStep = onStep;
  }

  add(data: Uint8Array): void {
    let begin = 0;
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, begin)) {
      this.#take(data.subarray(begin, end));
      this.#end();
      begin = end + 1;
    }
    this.#take(data.subarray(begin));
  }

  #take(part: Uint8Array): void {
    this.#isTooLong ||= this.#line.length + part.length > LONGEST_LINE;
    if (!this.#isTooLong) this.#line = Buffer.concat([this.#line, part]);
  }

  #end(): void {
    const line = this.#isTooLong ? '' : this.#line.toString('utf8');
    this.#line = Buffer.alloc(0);
    this.#isTooLong = false;
    if (!line.startsWith(MARK) || ++this.#lines > MOST_LINES) return;
    const step = parse(line.slice(MARK.length));
    if (step !== null) this.#onStep(step);
  }
}

function parse(json: string): GuestStep | null {
  try {
    return guestStepSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}
