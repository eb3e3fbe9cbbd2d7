// What the pages do beyond being read. They are whole without it: this adds what is live, and links to a line.
import { keepFresh } from './fresh-page.js';
import { linkLines } from './line-links.js';
import { followLines } from './live-log.js';

const terminal = document.getElementById('terminal');
// It is large, and on one page only.
if (terminal !== null) void import('./terminal.js').then(({ showTerminal }) => showTerminal(terminal));
const log = document.getElementById('log');
if (log !== null) linkLines(log);
if (log?.dataset.lines !== undefined) followLines(log);
else if (document.body.dataset.refreshSecs !== undefined) keepFresh(document.body);
