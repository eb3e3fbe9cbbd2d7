import { guestStepSchema } from '../../domain/job/step-record.js';
import { guestReadinessSchema } from '../../domain/machine/machine-ready.js';
import type { ToldOfJob } from './guest.js';

const LONGEST_LINE = 16 * 1024;
const MOST_LINES = 1000;
const NEWLINE = 0x0a;
const LINE = /^(step|ready) (.*)$/s;

/** Finds the lines `step JSON` and `ready JSON` in what a supervisor says beside the log. A guest may say anything: what is neither is left out. */
export class ToldLines {
  readonly #told: ToldOfJob;
  #line: Buffer = Buffer.alloc(0);
  #isTooLong = false;
  #lines = 0;

  constructor(told: ToldOfJob) {
    this.#told = told;
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
    const [, mark, json = ''] = LINE.exec(line) ?? [];
    if (mark === undefined || ++this.#lines > MOST_LINES) return;
    const said = parse(json);
    const step = mark === 'step' ? guestStepSchema.safeParse(said).data : undefined;
    const readiness = mark === 'ready' ? guestReadinessSchema.safeParse(said).data : undefined;
    if (step !== undefined) this.#told.onStep?.(step);
    if (readiness !== undefined) this.#told.onReady?.(readiness);
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
