import { listen } from './event-stream.js';
import { followEnd } from './follow-end.js';
import { freshenParts } from './fresh-parts.js';

/** Lines that are kept in the page while it follows the end; each that goes is on the page of its part. */
const MOST_LINES = 20_000;

/**
 * Appends the lines of a log as they are written.
 * @param {HTMLElement} log
 */
export function followLines(log) {
  const end = followEnd();
  listen({
    address: log.dataset.lines ?? '',
    from: log.dataset.from ?? '',
    onData: (data) => {
      const { lines, tail } = /** @type {{ lines: string, tail: string }} */ (data);
      // The line that had not ended is in what comes, whole or longer.
      log.querySelector('.tail')?.remove();
      log.append(...parsed(lines + tail));
      if (end.isFollowed()) while (log.childElementCount > MOST_LINES) log.firstElementChild?.remove();
      end.grown();
    },
    onEnd: async () => {
      await freshenParts();
      end.stop();
    },
  });
}

/** @param {string} html The server has escaped it, and a document that is only parsed runs nothing. */
function parsed(html) {
  const { body } = new DOMParser().parseFromString(`<pre>${html}</pre>`, 'text/html');
  return [...(body.firstElementChild?.childNodes ?? [])];
}
