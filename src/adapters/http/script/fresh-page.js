import { showConnection } from './connection.js';
import { listen } from './event-stream.js';
import { freshenParts } from './fresh-parts.js';

/** Events come in groups, and the records are written beside them. In milliseconds. */
const GATHER_MS = 150;

/**
 * Looks again after each event, and every few seconds, as long as the page says that it goes on.
 * @param {HTMLElement} body
 */
export function keepFresh({ dataset }) {
  const everyMs = Number(dataset.refreshSecs) * 1000;
  let isAsking = false;
  let isWanted = false;
  let goesOn = true;
  /** @type {number | undefined} */
  let timer;

  const soon = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  };
  const look = async () => {
    if (document.hidden) return;
    if (isAsking) {
      isWanted = true;
      return;
    }
    isAsking = true;
    const answer = await freshenParts();
    isAsking = false;
    showConnection(answer === null ? 'lost' : answer ? 'live' : 'ended');
    if (answer !== null) goesOn = answer;
    if (isWanted) soon(GATHER_MS);
    else if (goesOn) soon(everyMs);
    isWanted = false;
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && goesOn) soon(0);
  });
  if (dataset.events !== undefined)
    listen({ address: dataset.events, from: '0', onData: () => soon(GATHER_MS), onEnd: () => soon(0) });
  soon(everyMs);
}
