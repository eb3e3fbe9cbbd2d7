import { html } from 'hono/html';
import type { RunBundle } from '../../../application/records/load-run-bundle.js';
import { isFinal } from '../../../domain/events/run-status.js';
import type { CollectedArtifact } from '../../../domain/job/artifact.js';
import { CACHE_HIT_WORDS, type JobCacheReport } from '../../../domain/job/cache-report.js';
import { attemptText } from '../../../domain/job/job-retry.js';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { PreparedOutputsRecord } from '../../../domain/records/prepared-outputs-record.js';
import type { PrepareTiming, RunJobRecord, RunRecord } from '../../../domain/records/run-record.js';
import type { CutOfLog } from '../source/cut-of-log.js';
import { actionBar } from './action-bar.js';
import type { Html } from './html.js';
import { name, shownLines } from './name.js';
import { encoded, nodeMark, page, statusMark } from './page.js';
import { between, cutSize, durationText, sizeText, timeText } from './quantities.js';
import { type JobReported, reportSections } from './report-section.js';
import { serviceList } from './service-list.js';
import { foldId, stepEnd } from './step-fold.js';
import { mayHaveMachine, terminalAddress } from './terminal-page.js';
import type { Timeline } from './timeline.js';
import { waterfall } from './waterfall.js';

/** Of one job; what a job without an outcome brought back is not known. */
export type ArtifactsOfJob = ReadonlyMap<string, readonly CollectedArtifact[]>;

export interface RunView {
  readonly bundle: RunBundle;
  readonly artifacts: ArtifactsOfJob;
  /** Of the jobs whose log was cut at its cap. */
  readonly cuts: ReadonlyMap<string, CutOfLog>;
  /** Of the jobs whose own record can be read. */
  readonly reports: ReadonlyMap<string, JobReported>;
  readonly timeline: Timeline;
  /** Ids of the runs that repeat it, the newest first. */
  readonly repeatedBy: readonly string[];
}

export interface RunPageActions {
  /** What its forms carry; null where nobody may change anything. */
  readonly proof: string | null;
  /** Terminals can be opened in machines of jobs. */
  readonly hasTerminals: boolean;
  /** The run that was asked for here just now. */
  readonly begun: string | null;
}

/** One run: its jobs, what took how long, what was prepared, what came back. */
export function runPage(
  { bundle: { run, preparedOutputs }, artifacts, cuts, reports, timeline, repeatedBy }: RunView,
  { proof, begun, hasTerminals }: RunPageActions,
): Html {
  const events = `/news/api/forge/pikaci/events/${encoded(run.run_id)}`;
  return page({
    title: `${run.target_id ?? 'Run'} ${run.run_id}`,
    crumbs: [{ text: name(run.run_id), href: null }],
    live: run.status === 'running' ? { events, refreshSecs: 5 } : null,
    body: html`<div data-live id="run"><div class="head"><h1>${name(run.target_id ?? `Run ${run.run_id}`)}</h1>${statusMark(run.status)}</div>
${run.target_description ? html`<p class="lead">${name(run.target_description)}</p>` : ''}
${run.message === null || run.message === '' ? '' : html`<p class="${run.status === 'failed' ? 'problem' : 'note'}">${name(run.message)}</p>`}
${run.status === 'interrupted' ? html`<p class="note">Its runner has ended. Go on with it: <code>pikaci resume ${name(run.run_id)}</code></p>` : ''}
${begun === null || repeatedBy.includes(begun) ? '' : html`<p class="note">It is run again as <a class="button" href="/runs/${encoded(begun)}"><code>${name(begun)}</code></a>, as soon as what was asked for before has ended.</p>`}
${proof === null ? '' : actionBar(run, proof)}
<dl class="facts">${facts(run, repeatedBy)}</dl>
<h2>Jobs</h2>
<ul class="cards">${run.jobs.map((job) => jobCard(run.run_id, job, { cut: cuts.get(job.id), reported: reports.get(job.id) ?? job, hasTerminals }))}</ul>
${notPrepared(run.prepare_timings)}
${waterfall(timeline)}
${preparedOutputs === null ? '' : prepared(preparedOutputs)}
${artifactList(run.run_id, artifacts)}</div>`,
  });
}

function facts(run: RunRecord, repeatedBy: readonly string[]): Html[] {
  const commit = run.git_head === null ? null : html`<code>${name(run.git_head.slice(0, 12))}</code>`;
  const rows: [string, Html | string | null][] = [
    ['Run', html`<code>${name(run.run_id)}</code>`],
    [
      'Branch',
      run.git_branch === null
        ? null
        : html`<a href="/?branch=${encoded(run.git_branch)}">${name(run.git_branch)}</a>`,
    ],
    ['Commit', commit === null ? null : html`${commit}${run.git_dirty === true ? ' with changes' : ''}`],
    ['Host', run.host === null ? null : name(run.host)],
    ['Began', html`<time datetime="${run.created_at}">${name(timeText(run.created_at))}</time>`],
    ['Took', between(run.created_at, run.finished_at) || null],
    [
      'Repeats',
      run.rerun_of === null
        ? null
        : html`<a href="/runs/${encoded(run.rerun_of)}"><code>${name(run.rerun_of)}</code></a>`,
    ],
    ['Attempt', run.attempt === undefined || run.attempt === 1 ? null : `${run.attempt}`],
    [
      'Repeated by',
      repeatedBy.length === 0
        ? null
        : html`${repeatedBy.map((id) => html`<a href="/runs/${encoded(id)}"><code>${name(id)}</code></a> `)}`,
    ],
  ];
  return rows.flatMap(([term, value]) =>
    value === null ? [] : [html`<div><dt>${term}</dt><dd>${value}</dd></div>`],
  );
}

function jobCard(
  runId: string,
  job: RunJobRecord,
  {
    cut,
    reported,
    hasTerminals,
  }: { readonly cut: CutOfLog | undefined; readonly reported: JobReported; readonly hasTerminals: boolean },
): Html {
  const log = `/runs/${encoded(job.taken_over_from ?? runId)}/logs/${encoded(job.id)}`;
  const took = isFinal(job.status) ? between(job.started_at, job.finished_at) : '';
  const details = [
    job.taken_over_from === undefined ? '' : `taken over from ${job.taken_over_from}`,
    job.attempt === undefined ? '' : `attempt ${job.attempt}`,
    took,
    job.exit_code === null ? '' : `exit code ${job.exit_code}`,
  ].filter((text) => text !== '');
  return html`<li class="job" id="job-${encoded(job.id)}"><div>
<div class="head"><h3>${name(job.id)}</h3>${nodeMark(job)}<span class="muted">${name(details.join(' · '))}</span></div>
${job.description === '' ? '' : html`<p class="muted">${name(job.description)}</p>`}
${job.message === null || job.status === 'passed' ? '' : html`<p class="${job.status === 'failed' && job.allow_failure !== true ? 'problem' : 'note'}">${name(job.message)}</p>`}
${job.artifacts_from === undefined ? '' : html`<p class="muted">with the artifacts of ${name(job.artifacts_from.join(', '))}</p>`}
${attemptList(job, log)}
${job.acquired === undefined ? '' : html`<p class="muted">${acquiredText(job.acquired)}</p>`}
${(job.caches ?? []).map(cacheLine)}
${cut === undefined ? '' : html`<p class="note">The log was cut: ${cutSize(cut)}.</p>`}
</div><div class="links"><a class="button" href="${log}?kind=guest">Log</a> <a class="button" href="${log}?kind=host">Machinery</a>${hasTerminals && mayHaveMachine(job.status) ? html` <a class="button" href="${terminalAddress({ runId, jobId: job.id })}">Terminal</a>` : ''}</div>${stepList(job.steps ?? [], log)}${serviceList(reported.services ?? [], log)}${reportSections(reported)}</li>`;
}

/** Those before the last one. */
function attemptList({ earlier_attempts: earlier = [] }: RunJobRecord, log: string): Html {
  if (earlier.length === 0) return html``;
  return html`<ol class="steps">${earlier.map(
    (one) =>
      html`<li>${statusMark('failed')} <a href="${log}/raw?kind=guest&attempt=${one.attempt}">${name(attemptText(one))}</a> <span class="muted">${between(one.started_at, one.finished_at)}</span>${one.message === '' ? '' : html` ${name(one.message)}`}</li>`,
  )}</ol>`;
}

function acquiredText({ from, reason }: NonNullable<RunJobRecord['acquired']>): Html {
  if (from === 'warm') return html`machine from the pool`;
  return html`machine made for the job${reason === undefined ? '' : html`: ${name(reason)}`}`;
}

function cacheLine({
  path,
  key,
  hit,
  restored_key,
  restored_bytes,
  saved,
  saved_bytes,
}: JobCacheReport): Html {
  const from = hit === 'partial' ? ` ${restored_key ?? ''}` : '';
  const found = `${CACHE_HIT_WORDS[hit]}${from}${restored_bytes === undefined ? '' : `, ${sizeText(restored_bytes)}`}`;
  const left =
    saved === 'saved'
      ? `saved${saved_bytes === undefined ? '' : `, ${sizeText(saved_bytes)}`}`
      : saved.replace('_', ' ');
  return html`<p class="muted">cache <code>${name(path)}</code> <code>${name(key)}</code>: ${name(found)} · ${left}</p>`;
}

function stepList(steps: readonly JobStepRecord[], log: string): Html {
  if (steps.length === 0) return html``;
  return html`
<ol class="steps">${steps.map(
    (step) =>
      html`<li>${statusMark(step.status)} <a href="${log}?kind=guest&step=${encoded(step.id)}#${foldId(step)}">${name(step.name)}</a> <span class="muted">${stepEnd(step)}</span></li>`,
  )}</ol>`;
}

/** Why, with the end of what each of them printed. */
function notPrepared(timings: readonly PrepareTiming[]): Html {
  const failed = timings.filter(({ ok }) => !ok);
  if (failed.length === 0) return html``;
  return html`<h2>Could not be prepared</h2>
<ul class="cards">${failed.map(
    ({ node_id, status = 'failed', allow_failure, message, duration_ms }) =>
      html`<li><div class="head"><h3>${name(node_id)}</h3>${nodeMark({ status, allow_failure })}<span class="muted">${durationText(duration_ms)}</span></div>
${message === null ? '' : html`<p class="${status === 'failed' ? 'problem' : 'note'}">${shownLines(message)}</p>`}</li>`,
  )}</ul>`;
}

function prepared({ outputs }: PreparedOutputsRecord): Html {
  if (outputs.length === 0) return html``;
  return html`<h2>Prepared outputs</h2>
<ul class="cards">${outputs.map(
    (
      output,
    ) => html`<li><div class="head"><h3>${name(output.node_id)}</h3><span class="muted">${name(output.output_name)}</span></div>
<dl class="facts"><div><dt>Installable</dt><dd><code>${name(output.installable)}</code></dd></div>
<div><dt>Path on the host</dt><dd><code>${name(output.realized_path)}</code></dd></div></dl></li>`,
  )}</ul>`;
}

function artifactList(runId: string, artifacts: ArtifactsOfJob): Html {
  const groups = [...artifacts].filter(([, files]) => files.length > 0);
  if (groups.length === 0) return html``;
  const link = (job: string, { path, bytes }: CollectedArtifact) =>
    html`<li><a href="/runs/${encoded(runId)}/artifacts/${encoded(job)}?path=${encoded(path)}" download>${name(path)}</a> <span class="muted">${sizeText(bytes)}</span></li>`;
  return html`<h2>Artifacts</h2>
<ul class="cards">${groups.map(
    ([
      job,
      files,
    ]) => html`<li><div class="head"><h3>${name(job)}</h3><span class="muted">${files.length === 1 ? '1 file' : `${files.length} files`}</span></div>
<ul class="files">${files.map((file) => link(job, file))}</ul></li>`,
  )}</ul>`;
}
