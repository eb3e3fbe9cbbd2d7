import { html } from 'hono/html';
import { isFinal, type RunJobStatus } from '../../../domain/events/run-status.js';
import { positionText } from '../log/log-position.js';
import type { LogPartView } from '../log/log-view.js';
import type { PlacedStep } from '../log/placed-steps.js';
import type { ShownLine } from '../log/shown-line.js';
import { groupedLines } from '../log/step-groups.js';
import type { CutOfLog } from '../source/cut-of-log.js';
import type { Html } from './html.js';
import { logLine, tailLine } from './log-line.js';
import { name, plainName } from './name.js';
import { encoded, page, statusMark } from './page.js';
import { cutSize, sizeText } from './quantities.js';
import { opensByItself, stepFold } from './step-fold.js';
import { mayHaveMachine, terminalAddress } from './terminal-page.js';

export interface LogOfJob {
  readonly runId: string;
  readonly job: string;
  readonly status: RunJobStatus;
  readonly kind: 'host' | 'guest';
  /** Terminals can be opened in machines of jobs. */
  readonly hasTerminals?: boolean;
}

/** What a page has beside the lines. */
export interface AroundLog {
  readonly steps: StepsOfLog;
  readonly cut: CutOfLog | null;
}

export interface StepsOfLog {
  readonly placed: readonly PlacedStep[];
  /** Id of the one that was asked for. */
  readonly wanted: string | undefined;
}

/** One part of a log; the last part of one that goes on gets its lines as they are written. What a step wrote is in a fold of its own. */
export function logPage(log: LogOfJob, view: LogPartView, { steps, cut }: AroundLog): Html {
  const isLast = view.part === view.parts - 1;
  const isLive = isLast && !isFinal(log.status);
  const isEmpty = view.lines.length === 0 && view.tail === null && steps.placed.length === 0;
  const { first, loose, groups } = groupedLines(view, steps.placed);
  const from = html` data-lines="${addressOf(log)}/lines?kind=${log.kind}" data-from="${positionText(view.next)}" data-first="${first}"`;
  const lineOf = (line: ShownLine) => (line === view.tail ? tailLine(line, log) : logLine(line, log));
  return framed(log, {
    isLive,
    search: '',
    body: html`<p class="parts" data-live id="parts">${partLinks(log, view, isLive)}
<a class="button raw" href="${addressOf(log)}/raw?kind=${log.kind}">Raw</a></p>
${isEmpty && !isLive ? html`<p class="empty">${view.size === 0 ? 'The log is empty.' : 'A long line goes on through this part; its beginning is on an earlier page.'}</p>` : ''}
<div class="log" id="log"${isLive ? from : ''}>${loose.length === 0 ? '' : html`<pre>${loose.map(lineOf)}</pre>`}${groups.map(
      ({ lines, continues, ...placed }) => {
        const isOpen = opensByItself(placed.step) || placed.step.id === steps.wanted;
        return stepFold(placed, { lines: lines.map(lineOf), isOpen, continues });
      },
    )}</div>
<p class="going" data-live id="going">${endText(log, isLast ? cut : null, isLive)}</p>`,
  });
}

function endText({ status }: LogOfJob, cut: CutOfLog | null, isLive: boolean): string {
  const texts = [
    cut === null ? '' : `The log is cut here: ${cutSize(cut)}.`,
    isLive ? goingText(status) : '',
  ];
  return texts.filter((text) => text !== '').join(' ');
}

function goingText(status: RunJobStatus): string {
  if (status === 'pending') return 'The job is queued.';
  return status === 'detached' ? 'The job was left running.' : 'The job goes on.';
}

interface Frame {
  readonly isLive: boolean;
  readonly search: string;
  readonly body: Html;
}

/** What all pages of one log have in common. */
export function framed(log: LogOfJob, { isLive, search, body }: Frame): Html {
  const here = addressOf(log);
  const run = `/runs/${encoded(log.runId)}`;
  const tab = (kind: LogOfJob['kind'], text: string) =>
    html`<a href="${here}?kind=${kind}"${kind === log.kind ? html` aria-current="page"` : ''}>${text}</a>`;
  return page({
    title: `${log.kind === 'guest' ? 'Log' : 'Machinery'} of ${log.job}`,
    crumbs: [
      { text: name(log.runId), href: run },
      { text: name(log.job), href: null },
    ],
    live: isLive ? { events: null, refreshSecs: 5 } : null,
    body: html`<div class="head" data-live id="head"><h1>${name(log.job)}</h1>${statusMark(log.status)}
<nav class="tabs" aria-label="Logs of the job">${tab('guest', 'Log')}${tab('host', 'Machinery')}${log.hasTerminals === true && mayHaveMachine(log.status) ? html`<a href="${terminalAddress({ runId: log.runId, jobId: log.job })}">Terminal</a>` : ''}</nav></div>
<div class="tools"><form class="search" action="${here}" method="get" role="search"><input type="hidden" name="kind" value="${log.kind}">
<input type="search" name="q" aria-label="Search this log" placeholder="Search this log" value="${plainName(search)}" autocapitalize="off" autocomplete="off" spellcheck="false"><button>Search</button></form>
<button type="button" id="follow" aria-pressed="false" hidden>Follow the end</button></div>
${body}`,
  });
}

export function addressOf({ runId, job }: Pick<LogOfJob, 'runId' | 'job'>): string {
  return `/runs/${encoded(runId)}/logs/${encoded(job)}`;
}

function partLinks(log: LogOfJob, { part, parts, size }: LogPartView, isLive: boolean): Html {
  const at = (other: number) => `${addressOf(log)}?kind=${log.kind}&part=${other}`;
  // The size of what grows would not be true for long.
  const whole = isLive ? '' : sizeText(size);
  if (parts === 1) return html`<span>${whole}</span>`;
  return html`${part > 0 ? html`<a class="button" href="${at(0)}">First</a> <a class="button" rel="prev" href="${at(part - 1)}">Earlier</a>` : ''}
<span>Part ${part + 1} of ${parts}${isLive ? ' so far' : ` · ${whole}`}</span>
${part < parts - 1 ? html`<a class="button" rel="next" href="${at(part + 1)}">Later</a> <a class="button" href="${at(parts - 1)}">Last</a>` : ''}`;
}
