import { showConnection } from './connection.js';

/** Until a stream is opened again that the browser has given up, in milliseconds. */
const AGAIN_MS = 2000;

/**
 * @typedef {object} Listener
 * @property {string} address of the events
 * @property {string} from the id after which they begin
 * @property {(data: unknown) => void} onData
 * @property {() => void} onEnd
 */

/**
 * Listens to server-sent events, each of them once, until the server says that there are no more. The browser itself comes
 * back with the last id after a lost connection; when it gives up, as on a refusal, a new stream begins after that id. While
 * nobody sees the page there is no stream.
 * @param {Listener} listener
 */
export function listen({ address, from, onData, onEnd }) {
  let last = from;
  let ended = false;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {number | undefined} */
  let timer;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const finish = () => {
    ended = true;
    close();
    showConnection('ended');
    onEnd();
  };
  const open = () => {
    if (ended || source !== null || document.hidden) return;
    const url = new URL(address, location.href);
    url.searchParams.set('from', last);
    const opened = new EventSource(url);
    source = opened;
    opened.onopen = () => showConnection('live');
    opened.onmessage = ({ data, lastEventId }) => {
      if (lastEventId !== '') last = lastEventId;
      onData(JSON.parse(data));
    };
    opened.addEventListener('end', finish);
    opened.addEventListener('fault', finish);
    opened.onerror = () => {
      showConnection('lost');
      if (opened.readyState !== EventSource.CLOSED) return;
      close();
      timer = setTimeout(open, AGAIN_MS);
    };
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close();
    else open();
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}
