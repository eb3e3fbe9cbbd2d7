import { merge } from './merge.js';

/** Asks for this page again and brings its live parts up to date. Gives whether the page goes on; null when there was no answer. */
export async function freshenParts() {
  try {
    const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of document.querySelectorAll('[data-live]')) {
      const fresh = page.getElementById(part.id);
      if (fresh !== null) merge(part, fresh);
    }
    document.title = page.title;
    return page.body.dataset.refreshSecs !== undefined;
  } catch {
    return null;
  }
}
