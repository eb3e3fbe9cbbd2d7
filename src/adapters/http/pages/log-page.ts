import { html } from 'hono/html';
import { colouredLines } from './coloured-lines.js';
import { encoded, type Html, page } from './page.js';

export interface LogView {
  readonly runId: string;
  readonly job: string;
  readonly kind: 'host' | 'guest';
  readonly text: string;
  /** Counted from 0. A log is shown in parts of one size, so that a line keeps its address while the log grows. */
  readonly part: number;
  readonly parts: number;
  readonly going: boolean;
  /** Only lines with this in them are shown; empty for all. */
  readonly search: string;
}

export function logPage(view: LogView): Html {
  const here = `/runs/${encoded(view.runId)}/logs/${encoded(view.job)}`;
  const at = (part: number) => `${here}?kind=${view.kind}&part=${part}`;
  const lines = colouredLines(view.text).map((pieces, index) => ({ pieces, number: index + 1 }));
  const shown = lines.filter(
    ({ pieces }) =>
      view.search === '' ||
      pieces
        .map(({ text }) => text)
        .join('')
        .includes(view.search),
  );
  const isLast = view.part === view.parts - 1;
  return page({
    title: `${view.kind === 'guest' ? 'Log' : 'Machinery'} of ${view.job}`,
    refreshSecs: view.going && isLast ? 5 : null,
    body: html`<p><a href="/runs/${encoded(view.runId)}">Run ${view.runId}</a>
· part ${view.part + 1} of ${view.parts}
${view.part > 0 ? html`· <a rel="prev" href="${at(view.part - 1)}">earlier</a>` : ''}
${isLast ? '' : html`· <a rel="next" href="${at(view.part + 1)}">later</a>`}</p>
<form action="${here}" method="get"><input type="hidden" name="kind" value="${view.kind}"><input type="hidden" name="part" value="${view.part}">
<label>Lines with <input type="search" name="q" value="${view.search}"></label> <button>Show</button></form>
${
  shown.length === 0
    ? html`<p>There is nothing to show.</p>`
    : html`<pre class="log">${shown.map(
        ({
          pieces,
          number,
        }) => html`<span class="line" id="L${number}"><a class="number" href="${at(view.part)}#L${number}">${number}</a>${pieces.map(
          ({ text, classes }) => (classes === '' ? text : html`<span class="${classes}">${text}</span>`),
        )}
</span>`,
      )}</pre>`
}`,
  });
}
