/**
 * The number of a line is a link to it. When it was pressed, the address says where the line is for good: also in a log that
 * has grown by more parts since.
 * @param {HTMLElement} log
 */
export function linkLines(log) {
  seek();
  addEventListener('hashchange', seek);
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

/** A line that is not in this part is asked for: an address may have been written by hand, or cut. One that a fold hides is shown. */
function seek() {
  const [, number] = /^#L(\d{1,9})$/.exec(location.hash) ?? [];
  if (number === undefined) return;
  const line = document.getElementById(`L${number}`);
  if (line !== null) return reveal(line);
  const there = new URL(location.href);
  const kind = there.searchParams.get('kind');
  there.search = `${kind === null ? '' : `kind=${encodeURIComponent(kind)}&`}line=${number}`;
  there.hash = '';
  location.replace(there);
}

/** Not every browser opens what its address leads to. @param {HTMLElement} line */
function reveal(line) {
  const fold = line.closest('details');
  if (fold === null || fold.open) return;
  fold.open = true;
  line.scrollIntoView();
}
