// A terminal in the machine of a job. What the machine sends is shown by xterm.js, which draws text; nothing of it becomes a part of the page.

const PROTOCOL = 'pikaci-terminal';
/** A paste goes in pieces: a message has 64 KiB at most. */
const PIECE = 32 * 1024;

/**
 * xterm.js makes its rules as text of style elements, which the page's policy forbids. A sheet that a script of the page has made is allowed, so an
 * element that hands its text to one takes their place.
 */
function allowStyles() {
  const make = document.createElement.bind(document);
  const own = /** @param {string} tag @param {ElementCreationOptions} [options] */ (tag, options) => {
    if (tag !== 'style') return make(tag, options);
    // Even an empty one would be refused.
    const element = make('template');
    const sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(sheet);
    Object.defineProperty(element, 'textContent', {
      get: () => [...sheet.cssRules].map((rule) => rule.cssText).join('\n'),
      set: (text) => sheet.replaceSync(text),
    });
    return element;
  };
  document.createElement = /** @type {typeof document.createElement} */ (own);
}

/**
 * Shows a terminal in an element, and connects it.
 * @param {HTMLElement} place
 */
export async function showTerminal(place) {
  // The server has these from their packages.
  const beside = (/** @type {string} */ name) => import(new URL(name, import.meta.url).href);
  /** @type {[typeof import('@xterm/xterm'), typeof import('@xterm/addon-fit')]} */
  const [{ Terminal }, { FitAddon }] = await Promise.all([beside('xterm.mjs'), beside('addon-fit.mjs')]);
  const { address = '', proof = '' } = place.dataset;
  const state = /** @type {HTMLElement} */ (document.getElementById('terminal-state'));
  const again = /** @type {HTMLButtonElement} */ (document.getElementById('terminal-again'));
  allowStyles();
  const terminal = new Terminal({
    cursorBlink: false,
    scrollback: 5000,
    fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
    fontSize: 14,
    // A link that the machine names leads nowhere.
    linkHandler: { activate: () => undefined },
    theme: { background: '#0d1117', foreground: '#e6edf3' },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  fit.fit();
  terminal.textarea?.setAttribute('aria-label', 'Terminal; Ctrl+F6 leaves it');
  terminal.attachCustomKeyEventHandler((/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'F6' || !event.ctrlKey) return true;
    terminal.blur();
    /** @type {HTMLElement | null} */ (document.querySelector('header a'))?.focus();
    return false;
  });

  /** @type {WebSocket | null} */
  let socket = null;
  const size = () => JSON.stringify({ columns: terminal.cols, rows: terminal.rows });
  const send = (/** @type {Uint8Array} */ bytes) => {
    for (let at = 0; at < bytes.length; at += PIECE) socket?.send(bytes.slice(at, at + PIECE));
  };
  const ended = (/** @type {string} */ why) => {
    socket = null;
    state.textContent = why;
    again.hidden = false;
  };
  const connect = async () => {
    again.hidden = true;
    state.textContent = 'Connecting';
    const asked = await fetch(address, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ proof }),
    }).catch(() => null);
    const answer = await asked?.json().catch(() => null);
    if (typeof answer?.ticket !== 'string')
      return ended(answer?.error?.message ?? 'The server does not answer.');
    const url = new URL(address, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const opening = new WebSocket(url, [PROTOCOL, `ticket.${answer.ticket}`]);
    opening.binaryType = 'arraybuffer';
    let why = 'The connection was lost, or too many terminals are open.';
    opening.onopen = () => {
      socket = opening;
      state.textContent = 'Connected';
      opening.send(size());
      terminal.focus();
    };
    opening.onmessage = ({ data }) => {
      if (typeof data === 'string') why = `It is over: ${JSON.parse(data).ended}`;
      else terminal.write(new Uint8Array(data));
    };
    opening.onclose = () => ended(why);
  };

  terminal.onData((/** @type {string} */ text) => send(new TextEncoder().encode(text)));
  terminal.onBinary((/** @type {string} */ text) => send(Uint8Array.from(text, (one) => one.charCodeAt(0))));
  terminal.onResize(() => socket?.send(size()));
  new ResizeObserver(() => fit.fit()).observe(place);
  again.onclick = () => {
    terminal.reset();
    void connect();
  };
  void connect();
}
