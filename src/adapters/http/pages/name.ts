import { html } from 'hono/html';
import { visible } from '../log/visible.js';
import type { Html } from './html.js';

/** A name or a text that came from outside: kept apart from its neighbours' direction of writing, with nothing in it that hides. */
export function name(text: string): Html {
  return html`<bdi>${shown(text)}</bdi>`;
}

/** The text alone, with nothing in it that hides. */
export function shown(text: string): Html {
  return html`${visible(text).map((piece) => (piece.mark ? html`<span class="unseen">${piece.text}</span>` : piece.text))}`;
}

/** A text of several lines. */
export function shownLines(text: string): Html {
  return html`${text.split('\n').map((line, index) => html`${index === 0 ? '' : '\n'}${shown(line)}`)}`;
}

/** The same where there can be no elements, as in a title. */
export function plainName(text: string): string {
  return visible(text)
    .map((piece) => piece.text)
    .join('');
}
