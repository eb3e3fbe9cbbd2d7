import { merge } from './merge.js';

/** @typedef {{ first: number, html: string }} FoldChange a step: the number of its first line, and its fold without lines */

/**
 * The steps of a job in the page of its log. A line belongs to the last of them that begins at it or before.
 * @param {HTMLElement} log
 */
export function stepFolds(log) {
  const pageFirst = Number(log.dataset.first);

  const loose = () => {
    if (log.firstElementChild instanceof HTMLPreElement) return log.firstElementChild;
    const pre = document.createElement('pre');
    log.prepend(pre);
    return pre;
  };
  const take = (/** @type {FoldChange} */ { first, html }) => {
    const [fresh] = elementsOf(html);
    if (fresh === undefined) return;
    const there = document.getElementById(fresh.id);
    if (there !== null) {
      there.className = fresh.className;
      const [before, after] = [there, fresh].map((one) => one.querySelector('.step-head'));
      if (before && after) merge(before, after);
      return;
    }
    // It stands on the page of an earlier part.
    if (first < pageFirst) return;
    const before = [...log.getElementsByTagName('pre')].at(-1);
    log.append(fresh);
    const pre = fresh.querySelector('pre');
    if (pre === null || before === undefined) return;
    // Lines may have come before it was known whose they are.
    for (let line = before.lastElementChild; line !== null; line = before.lastElementChild) {
      if (numberOf(line) < first) break;
      pre.prepend(line);
    }
    if (before.parentElement === log && before.childElementCount === 0) before.remove();
  };
  return {
    take,
    /** @param {readonly Element[]} lines */
    place(lines) {
      if (lines.length === 0) return;
      const folds = [...log.querySelectorAll('details')].reverse();
      for (const line of lines) {
        const fold = folds.find(({ dataset }) => Number(dataset.first) <= numberOf(line));
        (fold?.querySelector('pre') ?? loose()).append(line);
      }
    },
  };
}

/** @param {Element} line */
function numberOf({ id }) {
  return Number(id.slice(1));
}

/** @param {string} html The server has escaped it, and a document that is only parsed runs nothing. */
export function elementsOf(html) {
  return [...new DOMParser().parseFromString(html, 'text/html').body.children];
}
