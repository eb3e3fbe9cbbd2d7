import { html } from 'hono/html';
import type { ShownLine } from '../log/shown-line.js';
import type { Html } from './html.js';

interface OfLog {
  readonly kind: 'host' | 'guest';
}

/** A whole line; the link at its number is its address. */
export function logLine(line: ShownLine, log: OfLog): Html {
  return element(line, log, 'line');
}

/** The line that has not ended yet: what comes takes its place. */
export function tailLine(line: ShownLine, log: OfLog): Html {
  return element(line, log, 'line tail');
}

function element({ number, part, pieces, cut }: ShownLine, { kind }: OfLog, classes: string): Html {
  return html`<span class="${classes}" id="L${number}"><a class="number" href="?kind=${kind}&part=${part}#L${number}">${number}</a>${pieces.map(
    (piece) =>
      piece.classes === '' ? piece.text : html`<span class="${piece.classes}">${piece.text}</span>`,
  )}${cut ? html`<span class="cut">… the rest is in the raw log</span>` : ''}
</span>`;
}
