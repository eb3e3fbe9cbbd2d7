import { html } from 'hono/html';
import type { WaitingMachineDocument } from '../../../domain/records/pool-documents.js';
import type { PoolRecord } from '../../../domain/records/pool-record.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { timeText } from './quantities.js';

/** The pools of machines that wait, as they were seen last; nothing where there are none. */
export function poolList(pools: readonly PoolRecord[]): Html {
  if (pools.length === 0) return html``;
  return html`<h2>Machines that wait</h2>
<ul class="cards" id="pools">${pools.map(poolCard)}</ul>`;
}

function poolCard({ host, size, template, image_alias, waiting, problem, seen_at }: PoolRecord): Html {
  const of = template === null ? html`image ${name(image_alias ?? '')}` : html`template ${name(template)}`;
  const up = waiting.filter((one) => one.is_up && one.replaced_because === null).length;
  return html`<li><div class="head"><h3>${of}</h3><span class="muted">${name(host)} · ${up} of ${size} ready · seen ${time(seen_at)}</span></div>
${problem === null ? '' : html`<p class="problem">${name(problem)}</p>`}
${waiting.length === 0 ? '' : html`<ul class="files">${waiting.map(waitingLine)}</ul>`}</li>`;
}

function waitingLine(one: WaitingMachineDocument): Html {
  const { instance_name, is_up, created_at, ends_at, replaced_because: why } = one;
  return html`<li><code>${name(instance_name)}</code> <span class="muted">${is_up ? 'up' : 'starting'} since ${time(created_at)}, until ${time(ends_at)}${why === null ? '' : html`; to be replaced: ${name(why)}`}</span></li>`;
}

function time(at: string): Html {
  return html`<time datetime="${at}">${name(timeText(at))}</time>`;
}
