import { html } from 'hono/html';
import type { RunListing } from '../../../application/records/list-runs.js';
import { type RunStatus, runStatusSchema } from '../../../domain/events/run-status.js';
import { coverageOf, percent } from '../../../domain/job/coverage-report.js';
import { unreadMark } from '../../../domain/job/test-report.js';
import type { PoolRecord } from '../../../domain/records/pool-record.js';
import type { RunJobRecord, RunRecord } from '../../../domain/records/run-record.js';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import type { Html } from './html.js';
import { name, plainName } from './name.js';
import { encoded, page, statusMark } from './page.js';
import { poolList } from './pool-list.js';
import { between, timeText } from './quantities.js';

/** Which runs are asked for; all without any of them. */
export interface RunsFilter {
  readonly branch?: string;
  readonly target?: string;
  readonly status?: RunStatus;
}

/** Which of the runs a page has. */
export interface RunsPart {
  readonly filter: RunsFilter;
  /** From 1 to `pages`. */
  readonly page: number;
  readonly pages: number;
  readonly perPage: number;
  /** There is a page of hosts to lead to. */
  readonly showsHosts: boolean;
}

/** The recorded runs, newest first. */
export function runsPage(
  { runs, matching, damaged }: RunListing,
  part: RunsPart,
  pools: readonly PoolRecord[],
): Html {
  const { filter } = part;
  const going = runs.some((run) => run.status === 'running');
  const said = [
    ...(filter.target === undefined ? [] : [filter.target]),
    ...(filter.branch === undefined ? [] : [`of ${filter.branch}`]),
    ...(filter.status === undefined ? [] : [`that ${VERBS[filter.status]}`]),
  ];
  const isAll = said.length === 0;
  return page({
    title: ['Runs', ...said].join(' '),
    crumbs: isAll ? [] : [{ text: name(said.join(' ')), href: null }],
    live: going ? { events: null, refreshSecs: 5 } : null,
    body: html`<div class="head"><h1>Runs${said.map((text) => html` ${name(text)}`)}</h1>${part.showsHosts ? html`<a class="button" href="/hosts">Queue and hosts</a>` : ''}
${filterForm(filter)}</div>
<div data-live id="runs">${
      runs.length === 0
        ? html`<p class="empty">There are no ${isAll ? 'runs' : 'such runs'}.${isAll ? '' : html` <a href="/">All runs</a>`}</p>`
        : html`<nav class="parts" aria-label="Pages">${partLinks(part, matching, runs.length)}</nav><ol class="runs">${runs.map(row)}</ol>`
    }
${damaged.map(({ message }) => html`<p class="problem">${name(message)}</p>`)}
${poolList(pools)}</div>`,
  });
}

const VERBS: Readonly<Record<RunStatus, string>> = {
  running: 'go on',
  passed: 'passed',
  failed: 'failed',
  skipped: 'were skipped',
  cancelled: 'were cancelled',
  interrupted: 'lost their runner',
};

function filterForm({ branch, target, status }: RunsFilter): Html {
  const field = (key: string, label: string, value: string | undefined) =>
    html`<input name="${key}" aria-label="${label}" placeholder="${label}" value="${plainName(value ?? '')}" autocapitalize="off" autocomplete="off" spellcheck="false">`;
  const choice = (value: string, text: string, isChosen: boolean) =>
    html`<option value="${value}"${isChosen ? html` selected` : ''}>${text}</option>`;
  return html`<form class="search filter" action="/" method="get" role="search">${field('branch', 'Branch', branch)}${field('target', 'Target', target)}<select name="status" aria-label="Status">${choice('', 'Any status', status === undefined)}${runStatusSchema.options.map((one) => choice(one, one, one === status))}</select><button>Show</button></form>`;
}

function partLinks({ filter, page, pages, perPage }: RunsPart, matching: number, shown: number): Html {
  const all = matching === 1 ? '1 run' : `${matching} runs`;
  if (pages === 1) return html`<span>${all}</span>`;
  const first = (page - 1) * perPage + 1;
  const link = (to: number, text: string) => {
    if (to < 1 || to > pages) return '';
    const { branch, target, status } = filter;
    const wanted = Object.entries({ branch, target, status, page: `${to}` });
    const query = wanted.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encoded(value)}`]));
    return html`<a class="button" href="/?${query.join('&')}">${text}</a>`;
  };
  return html`<span>Runs ${first} to ${first + shown - 1} of ${matching}</span> ${link(page - 1, 'Newer')} ${link(page + 1, 'Older')}`;
}

function row(run: RunRecord): Html {
  const took = between(run.created_at, run.finished_at);
  return html`<li>
<div>${statusMark(run.status)}</div>
<div class="what"><a class="title" href="/runs/${encoded(run.run_id)}">${name(run.target_id ?? run.run_id)}</a>
<span class="id">${name(run.run_id)}</span></div>
<div class="jobs">${[jobsText(run.jobs), coverageOfRun(run)].filter((text) => text !== '').join(' · ')}</div>
<div class="branch">${run.git_branch === null ? '' : html`<a href="/?branch=${encoded(run.git_branch)}">${name(run.git_branch)}</a>`}
${run.git_head === null ? '' : html`<code>${name(run.git_head.slice(0, 8))}</code>`}</div>
<div class="when"><time datetime="${run.created_at}">${name(timeText(run.created_at))}</time>
${took === '' ? '' : html`<span class="took">${took}</span>`}</div>
</li>`;
}

function coverageOfRun({ jobs }: RunRecord): string {
  const reports = jobs.map((job) => job.coverage_report);
  const ratio = coverageOf(reports);
  const unread = reports.reduce((sum, report) => sum + (report?.unread ?? 0), 0);
  return ratio === null ? '' : `coverage ${percent(ratio)}${unreadMark({ unread })}`;
}

function jobsText(jobs: readonly RunJobRecord[]): string {
  const count = jobs.length === 1 ? '1 job' : `${jobs.length} jobs`;
  const allowed = jobs.filter(isAllowedToFail).length;
  const failed = jobs.filter(({ status }) => status === 'failed').length - allowed;
  const also = allowed === 0 ? '' : `, ${allowed} allowed to fail`;
  if (failed > 0) return `${jobs.length === 1 ? count : `${failed} of ${count} failed`}${also}`;
  const ended = jobs.filter(({ finished_at }) => finished_at !== null).length;
  return jobs.some(({ status }) => status === 'running')
    ? `${ended} of ${count} done${also}`
    : `${count}${also}`;
}
