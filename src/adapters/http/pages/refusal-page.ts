import { html } from 'hono/html';
import type { Refusal } from '../source/refusal.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { page } from './page.js';

export function refusalPage({ status, message }: Refusal): Html {
  const title = titleOf(status);
  return page({
    title,
    crumbs: [{ text: title, href: null }],
    body: html`<section class="refusal"><p class="code" aria-hidden="true">${status}</p>
<h1>${title}</h1>
<p class="problem">${name(message)}</p>
<p><a class="button" href="/">All runs</a></p></section>`,
  });
}

function titleOf(status: Refusal['status']): string {
  if (status === 404) return 'Not found';
  return status < 500 ? 'That cannot be asked for' : 'That cannot be shown';
}
