import { html } from 'hono/html';
import type { Html } from './html.js';
import { name } from './name.js';
import { durationText } from './quantities.js';
import type { Stretch, Timeline, TimelineRow } from './timeline.js';

/** Of a row; places and widths are attributes, for inline styles are not allowed. */
const WIDTH = 1000;
const HEIGHT = 16;
const QUARTERS = [0, 0.25, 0.5, 0.75];

/** A row for each preparation and each job, a bar for each phase, to one scale. */
export function waterfall(timeline: Timeline): Html {
  const all = timeline.flatMap(({ stretches }) => stretches);
  if (all.length === 0) return html``;
  const start = all.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const end = all.reduce((most, { end }) => Math.max(most, end), 0);
  const whole = Math.max(1, end - start);
  const names = [...new Set(all.map((stretch) => stretch.name))];
  const hasFailed = all.some(({ state }) => state === 'failed');
  return html`<h2>Phases</h2>
<div class="waterfall"><p class="legend">${names.map((phase) => html`<span><i class="key ${phase}"></i>${words(phase)}</span>`)}${hasFailed ? html`<span><i class="key not-ok"></i>failed</span>` : ''}</p>
<div class="axis" aria-hidden="true"><span></span><div>${QUARTERS.map((quarter) => html`<span>${durationText(whole * quarter)}</span>`)}</div><span></span></div>
${timeline.map((row) => rowOf(row, start, WIDTH / whole))}</div>`;
}

function rowOf({ label, stretches }: TimelineRow, start: number, scale: number): Html {
  const total =
    Math.max(...stretches.map(({ end }) => end)) - Math.min(...stretches.map((stretch) => stretch.start));
  return html`<details><summary><span class="label">${name(label)}</span>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${stretches.map(described).join(', ')}">${QUARTERS.map(
    (quarter) => html`<rect class="rule" x="${quarter * WIDTH}" y="0" width="1" height="${HEIGHT}"/>`,
  )}${inOrder(stretches).map(
    (stretch) =>
      html`<rect class="bar ${stretch.state === 'failed' ? 'not-ok' : stretch.name}${stretch.state === 'going' ? ' going' : ''}" x="${(stretch.start - start) * scale}" y="0" width="${Math.max(3, (stretch.end - stretch.start) * scale)}" height="${HEIGHT}"><title>${described(stretch)}</title></rect>`,
  )}</svg>
<span class="total">${durationText(total)}</span></summary>
<ul>${stretches.map((stretch) => html`<li><i class="key ${stretch.state === 'failed' ? 'not-ok' : stretch.name}"></i>${described(stretch)}</li>`)}</ul></details>`;
}

/** One that is within another is drawn over it. */
function inOrder(stretches: readonly Stretch[]): Stretch[] {
  return [...stretches].sort((one, other) => one.start - other.start);
}

function described({ name: phase, start, end, state }: Stretch): string {
  const verdict = { ok: '', failed: ' (failed)', going: ' so far' }[state];
  return `${words(phase)} ${durationText(end - start)}${verdict}`;
}

function words(phase: string): string {
  return phase.replaceAll('_', ' ');
}
