import { html } from 'hono/html';
import type { RunListing } from '../../../application/runs/list-runs.js';
import { between } from './durations.js';
import { encoded, type Html, page, statusMark } from './page.js';

/** The recorded runs, newest first. */
export function runsPage({ runs, damaged }: RunListing, branch: string | null): Html {
  const rows = runs.map(
    (run) => html`<tr>
<td><a href="/runs/${encoded(run.run_id)}">${run.run_id}</a></td>
<td>${statusMark(run.status)}</td>
<td><bdi>${run.target_id ?? ''}</bdi></td>
<td>${run.git_branch === null ? '' : html`<a href="/?branch=${encoded(run.git_branch)}"><bdi>${run.git_branch}</bdi></a>`}</td>
<td><time>${run.created_at}</time></td>
<td>${between(run.created_at, run.finished_at)}</td>
</tr>`,
  );
  const going = runs.some((run) => run.status === 'running');
  return page({
    title: branch === null ? 'Runs' : `Runs of ${branch}`,
    refreshSecs: going ? 10 : null,
    body: html`<form action="/" method="get"><label>Branch <input name="branch" value="${branch ?? ''}"></label> <button>Show</button></form>
${
  rows.length === 0
    ? html`<p>There are no runs.</p>`
    : html`<div class="wide"><table>
<thead><tr><th>Run</th><th>Status</th><th>Target</th><th>Branch</th><th>Began</th><th>Took</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}
${damaged.map(({ message }) => html`<p class="problem">${message}</p>`)}`,
  });
}
