const TEXTS = { live: 'live', lost: 'connecting again …', ended: '' };

/**
 * Says in the page's head how it is connected.
 * @param {keyof typeof TEXTS} state
 */
export function showConnection(state) {
  const place = document.getElementById('connection');
  if (place === null || place.dataset.state === state) return;
  place.dataset.state = state;
  place.textContent = TEXTS[state];
}
