import { escapeLine } from '../escape-control.js';

const ESCAPE = '\u001b';
/** What a terminal takes for more than text, in the order in which it is to be tried: OSC; DCS, SOS, PM and APC; CSI; the rest. */
const SEQUENCE = new RegExp(
  [
    `${ESCAPE}\\][^\\u0007${ESCAPE}]*(?:\\u0007|${ESCAPE}\\\\)`,
    `${ESCAPE}[PX^_][^${ESCAPE}]*${ESCAPE}\\\\`,
    `${ESCAPE}\\[[0-?]*[ -/]*[@-~]`,
    `${ESCAPE}[ -/]*[0-~]?`,
  ].join('|'),
  'g',
);
/** Where there is none of these there is nothing to do; `escapeLine` knows which of them it minds. */
const SUSPECT = /[^\t\u0020-\u007e\u00a0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\uffff]/;
const COLOUR = new RegExp(`^${ESCAPE}\\[([0-9;:]*)m$`);
const RESET = `${ESCAPE}[0m`;
/** Of colours that are carried from one line into the next. */
const MOST_CARRIED = 128;

/**
 * Lines of one log made fit to stand above something that is drawn over again: colours stay, as do tabs; what moves the cursor,
 * clears, or talks to the terminal goes; other controls are made visible. Of a line that was written over itself with carriage
 * returns the last writing is left, as on a terminal. A colour that a line leaves on ends with it, and begins again with the next.
 */
export class TerminalLines {
  #carried = '';

  next(line: string): string {
    const begun = this.#carried;
    // Most lines; a loud log is not to cost much more than its bytes.
    if (begun === '' && !SUSPECT.test(line)) return line;
    let coloured = begun !== '';
    const text = standing(line).replace(SEQUENCE, (sequence) => {
      const colour = COLOUR.exec(sequence);
      if (colour === null) return '';
      coloured = true;
      this.#carry(sequence, colour[1] ?? '');
      return sequence;
    });
    const shown = text
      .split(/(\u001b\[[0-9;:]*m|\t)/)
      .map((part, index) => (index % 2 === 1 ? part : escapeLine(part)))
      .join('');
    return coloured ? `${begun}${shown}${RESET}` : shown;
  }

  #carry(sequence: string, parameters: string): void {
    const [first = ''] = parameters.split(/[;:]/, 1);
    const begins = /^0*$/.test(first) ? '' : this.#carried;
    const carried = /^[0;:]*$/.test(parameters) ? '' : `${begins}${sequence}`;
    this.#carried = carried.length > MOST_CARRIED ? '' : carried;
  }
}

/** What a line that was written over itself shows in the end. */
export function standing(line: string): string {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}
