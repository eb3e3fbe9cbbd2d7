import { html } from 'hono/html';
import type { RunJobStatus } from '../../../domain/events/run-status.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { encoded, page } from './page.js';

export interface TerminalOf {
  readonly runId: string;
  readonly jobId: string;
  /** What a form of this server carries. */
  readonly proof: string;
}

/** A terminal in the machine of a job. It needs the script. */
export function terminalPage({ runId, jobId, proof }: TerminalOf): Html {
  const run = `/runs/${encoded(runId)}`;
  return page({
    title: `Terminal in ${jobId}`,
    crumbs: [
      { text: name(runId), href: run },
      { text: name(jobId), href: `${run}/logs/${encoded(jobId)}` },
      { text: 'Terminal', href: null },
    ],
    body: html`<link rel="stylesheet" href="/xterm.css">
<div class="head"><h1>Terminal in ${name(jobId)}</h1><button type="button" id="terminal-again" hidden>Connect again</button></div>
<p class="muted" id="terminal-state" role="status">Connecting</p>
<noscript><p class="note">A terminal needs JavaScript. From a command line: <code>pikaci shell ${name(runId)} ${name(jobId)}</code></p></noscript>
<div class="machine" id="terminal" data-address="${terminalAddress({ runId, jobId })}" data-proof="${proof}"></div>
<p class="muted">Keys go to the machine; <kbd>Ctrl</kbd>+<kbd>F6</kbd> leaves the terminal. What is begun here goes on with the machine as it is, until its lease ends.</p>`,
  });
}

export function terminalAddress({
  runId,
  jobId,
}: {
  readonly runId: string;
  readonly jobId: string;
}): string {
  return `/runs/${encoded(runId)}/jobs/${encoded(jobId)}/terminal`;
}

/** One that passed has none, and one that waits has none yet; that of one that failed may have been kept. */
export function mayHaveMachine(status: RunJobStatus): boolean {
  return status === 'running' || status === 'detached' || status === 'failed' || status === 'interrupted';
}
