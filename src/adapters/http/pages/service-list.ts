import { html } from 'hono/html';
import type { ServiceReport } from '../../../domain/job/service-record.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { encoded } from './page.js';
import { durationText } from './quantities.js';

/** The services of a job, each with its log. `log` is the address of the job's. */
export function serviceList(services: readonly ServiceReport[], log: string): Html {
  if (services.length === 0) return html``;
  return html`<ul class="files">${services.map((service) => {
    const { status, message, ready_ms: readyMs } = service;
    const ready = readyMs === null ? '' : ` · ready in ${durationText(readyMs)}`;
    const how = status === 'running' ? '' : ` · ${status.replace('_', ' ')}: ${message}`;
    return html`<li>service <a href="${log}/raw?kind=guest&service=${encoded(service.name)}">${name(service.name)}</a> <span class="${status === 'running' ? 'muted' : 'problem'}">${name(`${ready}${how}`.replace(/^ · /, ''))}</span></li>`;
  })}</ul>`;
}
