import { html } from 'hono/html';
import type { RunStatus } from '../../../domain/events/run-status.js';
import type { Html } from './html.js';
import { encoded } from './page.js';

/** What may be done to a run as it stands; the forms need no script. */
export function actionBar(
  { run_id: id, status }: { readonly run_id: string; readonly status: RunStatus },
  proof: string,
): Html {
  const form = ([action, text]: readonly [string, string]) =>
    html`<form action="/runs/${encoded(id)}/${action}" method="post"><input type="hidden" name="proof" value="${proof}"><button>${text}</button></form>`;
  return html`<div class="actions">${actionsOf(status).map(form)}</div>`;
}

function actionsOf(status: RunStatus): readonly (readonly [string, string])[] {
  const all = ['rerun', 'Run again'] as const;
  switch (status) {
    case 'running':
      return [['cancel', 'Cancel']];
    case 'interrupted':
      return [['resume', 'Go on with it'], all];
    case 'failed':
    case 'cancelled':
      return [['rerun-failed', 'Run again what has not passed'], all];
    case 'passed':
    case 'skipped':
      return [all];
  }
}
