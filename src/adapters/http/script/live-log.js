import { listen } from './event-stream.js';
import { followEnd } from './follow-end.js';
import { freshenParts } from './fresh-parts.js';
import { elementsOf, stepFolds } from './step-folds.js';

/** Lines that are kept in the page while it follows the end; each that goes is on the page of its part. */
const MOST_LINES = 20_000;

/**
 * Appends the lines of a log as they are written.
 * @param {HTMLElement} log
 */
export function followLines(log) {
  const end = followEnd();
  const folds = stepFolds(log);
  const lines = log.getElementsByClassName('line');
  listen({
    address: log.dataset.lines ?? '',
    from: log.dataset.from ?? '',
    onData: (data) => {
      const sent = /** @type {Sent} */ (data);
      if ('steps' in sent) for (const step of sent.steps) folds.take(step);
      else {
        // The line that had not ended is in what comes, whole or longer.
        log.querySelector('.tail')?.remove();
        folds.place(elementsOf(sent.lines + sent.tail));
        if (end.isFollowed())
          for (const line of [...lines].slice(0, Math.max(0, lines.length - MOST_LINES))) line.remove();
      }
      end.grown();
    },
    onEnd: async () => {
      await freshenParts();
      end.stop();
    },
  });
}

/** @typedef {{ lines: string, tail: string } | { steps: readonly import('./step-folds.js').FoldChange[] }} Sent */
