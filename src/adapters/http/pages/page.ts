import { html } from 'hono/html';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import { isUnicode, nameBytes } from '../../../streams/name-bytes.js';
import type { Html } from './html.js';
import { plainName } from './name.js';

export interface Crumb {
  readonly text: Html | string;
  /** Null for the page itself. */
  readonly href: string | null;
}

export interface PageParts {
  /** In the browser's tab. */
  readonly title: string;
  /** From the runs to this page. */
  readonly crumbs: readonly Crumb[];
  readonly body: Html;
  /** How the page is kept up to date; null when nothing will change. */
  readonly live?: LivePage | null;
}

export interface LivePage {
  /** Address of the events after which it looks again; null for a log, whose lines come by themselves. */
  readonly events: string | null;
  /** Seconds after which it looks again in any case; where there is no script it is loaded again. */
  readonly refreshSecs: number;
}

/** The frame of every page. It can be read, and is loaded again while something goes on, without the script. */
export function page({ title, crumbs, body, live = null }: PageParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${live === null ? '' : html`<noscript><meta http-equiv="refresh" content="${live.refreshSecs}"></noscript>`}
<title>${plainName(title)} · pikaci</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/script/live.js"></script>
</head>
<body${live === null ? '' : html` data-refresh-secs="${live.refreshSecs}"`}${live?.events ? html` data-events="${live.events}"` : ''}>
<header class="bar"><nav aria-label="Where you are"><a class="brand" href="/">pikaci</a>${crumbs.map(crumb)}</nav><span id="connection" role="status"></span></header>
<main>
${body}
</main>
</body>
</html>
`;
}

function crumb({ text, href }: Crumb): Html {
  const inner =
    href === null ? html`<span aria-current="page">${text}</span>` : html`<a href="${href}">${text}</a>`;
  return html`<span class="slash" aria-hidden="true">/</span>${inner}`;
}

const GLYPHS: Readonly<Record<string, string>> = {
  passed: '✓',
  failed: '✕',
  running: '●',
  cancelled: '■',
  skipped: '–',
  pending: '○',
  detached: '◌',
  interrupted: '◌',
};

/** A failure that is allowed is none of the run's. */
export function nodeMark(node: { readonly status: string; readonly allow_failure?: true | undefined }): Html {
  if (!isAllowedToFail(node)) return statusMark(node.status);
  return html`<span class="status allowed"><span aria-hidden="true">!</span> failed, allowed</span>`;
}

export function statusMark(status: string): Html {
  return html`<span class="status ${status}"><span aria-hidden="true">${GLYPHS[status] ?? ''}</span> ${status}</span>`;
}

/** As a component of an address, by its bytes (`nameBytes`). Half a surrogate pair, which JSON can hold and an address cannot, is replaced. */
export function encoded(text: string): string {
  if (isUnicode(text)) return encodeURIComponent(text);
  return nameBytes(text)
    .toString('latin1')
    .replace(/[^A-Za-z0-9._~-]/g, percent);
}

const percent = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
