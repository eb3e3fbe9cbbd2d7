import { html } from 'hono/html';
import type { RunRecord } from '../../../domain/run-record.js';
import { durationText } from './durations.js';
import type { Html } from './page.js';

interface Bar {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly ok: boolean;
}
interface Row {
  readonly label: string;
  readonly bars: readonly Bar[];
}

/** Of a row; heights and widths are attributes, for inline styles are not allowed. */
const WIDTH = 1000;
const HEIGHT = 16;

/** What took how long, and beside what: a row for each preparation and each job, a bar for each phase, to one scale. */
export function waterfall(run: RunRecord): Html {
  const rows = [...prepareRows(run), ...jobRows(run)].filter(({ bars }) => bars.length > 0);
  const all = rows.flatMap(({ bars }) => bars);
  if (all.length === 0) return html``;
  const start = all.reduce((least, bar) => Math.min(least, bar.start), Number.POSITIVE_INFINITY);
  const end = all.reduce((most, bar) => Math.max(most, bar.end), 0);
  const scale = WIDTH / Math.max(1, end - start);
  return html`<h2>Phases</h2>
<table class="waterfall"><tbody>${rows.map(
    ({ label, bars }) => html`<tr><th scope="row"><bdi>${label}</bdi></th><td>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${described(bars)}">${bars.map(
      (bar) =>
        html`<rect class="bar ${bar.ok ? bar.name : 'not-ok'}" x="${(bar.start - start) * scale}" y="0" width="${Math.max(1, (bar.end - bar.start) * scale)}" height="${HEIGHT}"><title>${described([bar])}</title></rect>`,
    )}</svg>
<details><summary>${durationText(Math.max(...bars.map((bar) => bar.end)) - Math.min(...bars.map((bar) => bar.start)))}</summary>
<ul>${bars.map((bar) => html`<li>${described([bar])}</li>`)}</ul></details></td></tr>`,
  )}</tbody></table>`;
}

function described(bars: readonly Bar[]): string {
  return bars
    .map(({ name, start, end, ok }) => `${name} ${durationText(end - start)}${ok ? '' : ' (failed)'}`)
    .join(', ');
}

function prepareRows(run: RunRecord): Row[] {
  return run.prepare_timings.map((timing) => ({
    label: timing.node_id,
    bars: barOf(timing.cached ? 'cached' : 'prepare', timing),
  }));
}

function jobRows(run: RunRecord): Row[] {
  return run.jobs.map((job) => ({
    label: job.id,
    bars: (job.remote_linux_vm_execution?.phases ?? []).flatMap((timing) => barOf(timing.phase, timing)),
  }));
}

function barOf(name: string, timing: { started_at: string; duration_ms: number; ok: boolean }): Bar[] {
  const start = Date.parse(timing.started_at);
  if (!Number.isFinite(start)) return [];
  return [{ name, start, end: start + timing.duration_ms, ok: timing.ok }];
}
