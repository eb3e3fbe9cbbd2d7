import { html } from 'hono/html';
import type { RunBundle } from '../../../application/runs/load-run-bundle.js';
import type { CollectedArtifact } from '../../../domain/artifact.js';
import type { PreparedOutputsRecord } from '../../../domain/prepared-outputs-record.js';
import type { RunJobRecord } from '../../../domain/run-record.js';
import { isFinal } from '../../../domain/run-status.js';
import { between } from './durations.js';
import { encoded, type Html, page, statusMark } from './page.js';
import { waterfall } from './waterfall.js';

/** Of one job; what a job without an outcome brought back is not known. */
export type ArtifactsOfJob = ReadonlyMap<string, readonly CollectedArtifact[]>;

/** One run: its jobs, what took how long, what was prepared, what came back. */
export function runPage({ run, preparedOutputs }: RunBundle, artifacts: ArtifactsOfJob): Html {
  const facts: [string, string | null][] = [
    ['Target', run.target_id],
    ['Branch', run.git_branch],
    [
      'Commit',
      run.git_head === null ? null : `${run.git_head}${run.git_dirty === true ? ' with changes' : ''}`,
    ],
    ['Host', run.host],
    ['Began', run.created_at],
    ['Took', between(run.created_at, run.finished_at) || null],
    ['Repeats', run.rerun_of],
    ['Message', run.message],
  ];
  return page({
    title: `Run ${run.run_id}`,
    refreshSecs: run.status === 'running' ? 5 : null,
    body: html`<p>${statusMark(run.status)}</p>
<dl>${facts.map(([name, value]) => (value === null ? '' : html`<dt>${name}</dt><dd><bdi>${value}</bdi></dd>`))}</dl>
<h2>Jobs</h2>
<div class="wide"><table><thead><tr><th>Job</th><th>Status</th><th>Exit</th><th>Took</th><th>Logs</th><th>Message</th></tr></thead>
<tbody>${run.jobs.map((job) => jobRow(run.run_id, job))}</tbody></table></div>
${waterfall(run)}
${preparedOutputs === null ? '' : prepared(preparedOutputs)}
${artifactList(run.run_id, artifacts)}`,
  });
}

function jobRow(runId: string, job: RunJobRecord): Html {
  const log = `/runs/${encoded(runId)}/logs/${encoded(job.id)}`;
  return html`<tr>
<td><bdi>${job.id}</bdi></td>
<td>${statusMark(job.status)}</td>
<td>${job.exit_code ?? ''}</td>
<td>${isFinal(job.status) ? between(job.started_at, job.finished_at) : ''}</td>
<td><a href="${log}?kind=guest">job</a> <a href="${log}?kind=host">machinery</a></td>
<td><bdi>${job.message ?? ''}</bdi></td>
</tr>`;
}

function prepared({ outputs }: PreparedOutputsRecord): Html {
  return html`<h2>Prepared outputs</h2>
<div class="wide"><table><thead><tr><th>Node</th><th>Installable</th><th>Output</th><th>Path on the host</th></tr></thead>
<tbody>${outputs.map(
    (output) => html`<tr><td><bdi>${output.node_id}</bdi></td><td><bdi>${output.installable}</bdi></td>
<td><bdi>${output.output_name}</bdi></td><td><code>${output.realized_path}</code></td></tr>`,
  )}</tbody></table></div>`;
}

function artifactList(runId: string, artifacts: ArtifactsOfJob): Html {
  const rows = [...artifacts].flatMap(([job, files]) =>
    files.map(
      ({ path, bytes }) => html`<tr><td><bdi>${job}</bdi></td>
<td><a href="/runs/${encoded(runId)}/artifacts/${encoded(job)}?path=${encoded(path)}"><bdi>${path}</bdi></a></td>
<td>${bytes} bytes</td></tr>`,
    ),
  );
  if (rows.length === 0) return html``;
  return html`<h2>Artifacts</h2>
<div class="wide"><table><thead><tr><th>Job</th><th>File</th><th>Size</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
