import { TextDecoder } from 'node:util';
import { escapeLine, withoutEnd } from './escape-control.js';

const ESCAPE = '\u001b';
/** What a terminal takes for more than text, in the order in which it is to be tried: OSC; DCS, SOS, PM and APC; CSI; the rest. None goes over the end of a line. */
const SEQUENCE = new RegExp(
  [
    `${ESCAPE}\\][^\\u0007\\n${ESCAPE}]*(?:\\u0007|${ESCAPE}\\\\)`,
    `${ESCAPE}[PX^_][^\\n${ESCAPE}]*${ESCAPE}\\\\`,
    `${ESCAPE}\\[[0-?]*[ -/]*[@-~]`,
    `${ESCAPE}[ -/]*[0-~]?`,
  ].join('|'),
  'g',
);
/** One of these at the end of a text that goes on: what comes next decides what it is. */
const BEGUN = new RegExp(
  `${ESCAPE}(?:\\][^\\u0007\\n${ESCAPE}]*${ESCAPE}?|[PX^_][^\\n${ESCAPE}]*${ESCAPE}?|\\[[0-?]*[ -/]*|[ -/]*)$`,
);
/** What ends a sequence that is passed over. */
const PASSED = new RegExp(`[\\u0007\\n${ESCAPE}]`);
/** Where there is none of these there is nothing to do; `escapeLine` knows which of them it minds. */
const SUSPECT = /[^\t\u0020-\u007e\u00a0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\uffff]/;
const SUSPECT_OF_STREAM =
  /[^\t\n\r\u0020-\u007e\u00a0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\uffff]/;
const COLOUR = new RegExp(`^${ESCAPE}\\[([0-9;:]*)m$`);
const RESET = `${ESCAPE}[0m`;
/** Of colours that are carried from one line into the next. */
const MOST_CARRIED = 128;
/** Of a sequence whose end has not come. */
const MOST_HELD = 4096;

/** Makes text of one log fit for a terminal, and keeps in mind which colours it has left on. */
class Fitting {
  #carried = '';

  get carried(): string {
    return this.#carried;
  }

  /** Without what is more than text and colours; `whole` matches what else may stand, and must have a group around it. */
  fit(text: string, whole: RegExp): { readonly shown: string; readonly coloured: boolean } {
    let coloured = false;
    const rest = text.replace(SEQUENCE, (sequence) => {
      const colour = COLOUR.exec(sequence);
      if (colour === null) return '';
      coloured = true;
      this.#carry(sequence, colour[1] ?? '');
      return sequence;
    });
    const shown = rest
      .split(whole)
      .map((part, index) => (index % 2 === 1 ? part : escapeLine(part)))
      .join('');
    return { shown, coloured };
  }

  #carry(sequence: string, parameters: string): void {
    const [first = ''] = parameters.split(/[;:]/, 1);
    const begins = /^0*$/.test(first) ? '' : this.#carried;
    const carried = /^[0;:]*$/.test(parameters) ? '' : `${begins}${sequence}`;
    this.#carried = carried.length > MOST_CARRIED ? '' : carried;
  }
}

/**
 * Lines of one log made fit to stand above something that is drawn over again: colours stay, as do tabs; what moves the cursor,
 * clears, or talks to the terminal goes; other controls are made visible. Of a line that was written over itself with carriage
 * returns the last writing is left, as on a terminal. A colour that a line leaves on ends with it, and begins again with the next.
 */
export class TerminalLines {
  readonly #fitting = new Fitting();

  next(line: string): string {
    const begun = this.#fitting.carried;
    // Most lines; a loud log is not to cost much more than its bytes.
    if (begun === '' && !SUSPECT.test(line)) return line;
    const { shown, coloured } = this.#fitting.fit(standing(line), /(\u001b\[[0-9;:]*m|\t)/);
    return coloured || begun !== '' ? `${begun}${shown}${RESET}` : shown;
  }
}

/**
 * The bytes of one log made fit for a terminal as they come, the same way: nothing waits for the end of its line but a sequence that
 * has begun, and carriage returns stay, so that a bar which fills is seen.
 */
export class TerminalStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #fitting = new Fitting();
  /** A sequence that has begun; of one that is too long to hold, nothing. */
  #held = '';
  #passesOver = false;
  /** The terminal writes in colour now. */
  #isColoured = false;

  push(data: Uint8Array): string {
    return this.#next(this.#decoder.decode(data, { stream: true }), false);
  }

  /** What was held back, and the end of its colour. */
  end(): string {
    return `${this.#next(this.#decoder.decode(), true)}${this.pause()}`;
  }

  /** Ends its colour for what somebody else writes; it begins again with the next text. */
  pause(): string {
    const open = this.#isColoured;
    this.#isColoured = false;
    return open ? RESET : '';
  }

  #next(text: string, isEnd: boolean): string {
    const idle = this.#held === '' && !this.#passesOver && this.#fitting.carried === '' && !this.#isColoured;
    if (idle && !SUSPECT_OF_STREAM.test(text)) return text;
    const all = this.#behindPassed(`${this.#held}${text}`);
    const begun = isEnd ? -1 : all.search(BEGUN);
    this.#held = begun === -1 ? '' : all.slice(begun);
    const lines = (begun === -1 ? all : all.slice(0, begun)).split('\n');
    if (this.#held.length > MOST_HELD) {
      this.#held = '';
      this.#passesOver = true;
    }
    return lines
      .map((line, index) => `${index === 0 ? '' : `${this.pause()}\n`}${this.#piece(line)}`)
      .join('');
  }

  #behindPassed(text: string): string {
    if (!this.#passesOver) return text;
    const end = text.search(PASSED);
    if (end === -1) return '';
    this.#passesOver = false;
    return text.slice(text[end] === '\u0007' ? end + 1 : end);
  }

  #piece(text: string): string {
    if (text === '') return '';
    const begun = this.#isColoured ? '' : this.#fitting.carried;
    const { shown, coloured } = this.#fitting.fit(text, /(\u001b\[[0-9;:]*m|[\t\r])/);
    if (shown === '') return '';
    if (coloured || begun !== '') this.#isColoured = true;
    return `${begun}${shown}`;
  }
}

/** What a line that was written over itself shows in the end. */
export function standing(line: string): string {
  const text = withoutEnd(line, '\r');
  return text.slice(text.lastIndexOf('\r') + 1);
}
