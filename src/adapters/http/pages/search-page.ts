import { html } from 'hono/html';
import type { FoundLine, LogSearch } from '../log/log-search.js';
import type { Html } from './html.js';
import { addressOf, framed, type LogOfJob } from './log-page.js';
import { name, shown } from './name.js';

/** The lines of a log that were searched for, each a link to where it stands. */
export function searchPage(log: LogOfJob, wanted: string, { found, more }: LogSearch): Html {
  const count = found.length === 1 ? '1 line' : `${found.length} lines`;
  const line = (one: FoundLine) =>
    html`<span class="line"><a class="number" href="${addressOf(log)}?kind=${log.kind}&part=${one.part}#L${one.number}">${one.number}</a>${marked(one, wanted.length)}
</span>`;
  return framed(log, {
    isLive: false,
    search: wanted,
    body: html`<p class="parts"><span>${more ? `The first ${count}` : count} with “${name(wanted)}”</span>
<a class="button" href="${addressOf(log)}?kind=${log.kind}">Whole log</a></p>
${found.length === 0 ? html`<p class="empty">There is nothing to show.</p>` : html`<pre class="log">${found.map(line)}</pre>`}`,
  });
}

function marked({ text, hits }: FoundLine, length: number): Html[] {
  const pieces: Html[] = [];
  let end = 0;
  for (const hit of hits) {
    pieces.push(shown(text.slice(end, hit)), html`<mark>${shown(text.slice(hit, hit + length))}</mark>`);
    end = hit + length;
  }
  return [...pieces, shown(text.slice(end))];
}
