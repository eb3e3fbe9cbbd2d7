import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { ICON } from '../pages/icon.js';
import { styleSheet } from '../pages/style-sheet.js';
import { browserScript } from './browser-script.js';

/** The scripts of the pages, by their names in their folder: nothing that a request says becomes a path. */
const SCRIPTS = [
  'connection.js',
  'event-stream.js',
  'follow-end.js',
  'fresh-page.js',
  'fresh-parts.js',
  'line-links.js',
  'live-log.js',
  'live.js',
  'merge.js',
  'step-folds.js',
  'terminal.js',
] as const;

/** What pages are made with. It changes with the version only, so a browser keeps it and asks whether it is still the same. */
export function addAssetRoutes(app: Hono): void {
  app.get('/style.css', (c) => asset(c, styleSheet(), 'text/css'));
  // Under the second name browsers ask for it where no page says which, as for a raw log.
  for (const path of ['/icon.svg', '/favicon.ico']) app.get(path, (c) => asset(c, ICON, 'image/svg+xml'));
  for (const script of SCRIPTS) {
    app.get(`/script/${script}`, async (c) => asset(c, await browserScript(script), 'text/javascript'));
  }
}

export function asset(c: Context, text: string, type: string) {
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  const headers = { 'cache-control': 'private, no-cache', etag: tag };
  if (c.req.header('if-none-match') === tag) return c.body(null, 304, headers);
  return c.body(text, 200, { ...headers, 'content-type': `${type}; charset=utf-8` });
}
