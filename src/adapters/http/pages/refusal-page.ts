import { html } from 'hono/html';
import type { Refusal } from '../refusal.js';
import { type Html, page } from './page.js';

export function refusalPage({ status, message }: Refusal): Html {
  const title = status === 404 ? 'Not found' : 'That cannot be shown';
  return page({ title, body: html`<p class="problem">${message}</p>` });
}
