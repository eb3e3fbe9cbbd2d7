/** How near to the end counts as there, in pixels. */
const NEAR = 48;

/** Keeps the end of the page in sight until the reader scrolls up, and again once they are back at it; a button does both. */
export function followEnd() {
  const root = document.documentElement;
  const button = document.getElementById('follow');
  const isAtEnd = () => innerHeight + scrollY >= root.scrollHeight - NEAR;
  let isFollowed = location.hash === '';
  let lastY = scrollY;

  const toEnd = () => {
    scrollTo({ top: root.scrollHeight, behavior: 'instant' });
    lastY = scrollY;
  };
  const set = (/** @type {boolean} */ wanted) => {
    isFollowed = wanted;
    button?.setAttribute('aria-pressed', String(wanted));
    if (wanted) toEnd();
  };
  const onScroll = () => {
    const isUp = scrollY < lastY;
    lastY = scrollY;
    if (isUp && isFollowed && !isAtEnd()) set(false);
    else if (!isUp && !isFollowed && isAtEnd()) set(true);
  };
  addEventListener('scroll', onScroll, { passive: true });
  button?.addEventListener('click', () => set(!isFollowed));
  if (button !== null) button.hidden = false;
  set(isFollowed);
  return {
    isFollowed: () => isFollowed,
    /** The page has become longer. */
    grown: () => {
      if (isFollowed) toEnd();
    },
    /** There is no more to come. */
    stop: () => {
      removeEventListener('scroll', onScroll);
      if (button !== null) button.hidden = true;
    },
  };
}
