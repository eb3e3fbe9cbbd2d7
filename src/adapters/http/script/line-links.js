/**
 * The number of a line is a link to it. When it was pressed, the address says where the line is for good: also in a log that
 * has grown by more parts since.
 * @param {HTMLElement} log
 */
export function linkLines(log) {
  log.addEventListener('click', (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const number = event.target instanceof Element ? event.target.closest('a.number') : null;
    if (!(number instanceof HTMLAnchorElement) || number.parentElement?.id !== number.hash.slice(1)) return;
    event.preventDefault();
    const { href, hash } = number;
    // Within one document, so that nothing is loaded again: first the part, then the line.
    history.replaceState(null, '', href.slice(0, href.length - hash.length));
    location.hash = hash;
  });
}
