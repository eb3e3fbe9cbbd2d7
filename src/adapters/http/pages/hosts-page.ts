import { html } from 'hono/html';
import type { HostDocument, HostsDocument } from '../../../domain/records/host-documents.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { encoded, page } from './page.js';
import { sizeText, timeText } from './quantities.js';

type Machine = HostDocument['machines'][number];
type Share = HostDocument['asked'];

/** What waits, and what each host has; null before they were seen for the first time. */
export function hostsPage(seen: HostsDocument | null): Html {
  return page({
    title: 'Queue and hosts',
    crumbs: [{ text: 'Queue and hosts', href: null }],
    live: { events: null, refreshSecs: 5 },
    body: html`<div data-live id="hosts"><div class="head"><h1>Queue and hosts</h1>${seen === null ? '' : html`<span class="muted">seen ${time(seen.seen_at)}</span>`}</div>
${seen === null ? html`<p class="empty" role="status">The hosts are being asked. This page shows them as soon as they have answered.</p>` : shown(seen.hosts)}</div>`,
  });
}

function shown(hosts: readonly HostDocument[]): Html {
  const waits = hosts.flatMap((host) => host.queue.map((one) => ({ host, one })));
  const groups = hosts.flatMap((host) => host.groups);
  return html`<h2>What waits for a host</h2>
${
  waits.length === 0
    ? html`<p class="muted">Nothing waits.</p>`
    : html`<ol class="cards waits">${waits.map(({ host, one }) => waiting(one, hosts.length > 1 ? host : null))}</ol>`
}
${groups.length === 0 ? '' : html`<h2>Groups of which one run goes on at a time</h2><ul class="cards waits">${groups.map(groupLine)}</ul>`}
<h2>Hosts</h2>
<ul class="cards">${hosts.map(hostCard)}</ul>`;
}

function waiting(one: HostDocument['queue'][number], host: HostDocument | null): Html {
  const priority = one.priority === 0 ? '' : html` · priority ${one.priority}`;
  return html`<li><div class="head"><span class="status running">place ${one.place}</span><h3>${runLink(one)}</h3><span class="muted">since ${time(one.since)}${priority}${host === null ? '' : html` · ${titleOf(host)}`}</span></div>
<p>${name(one.reason)}</p></li>`;
}

function groupLine({
  group,
  run_id: run,
  goes_on: goesOn,
  since,
  waits_for: before,
}: HostDocument['groups'][number]): Html {
  const why = goesOn ? 'goes on' : before === null ? 'is the next' : html`waits for ${toRun(before)}`;
  return html`<li><div class="head"><span class="status ${goesOn ? 'running' : 'pending'}">${goesOn ? 'goes on' : 'waits'}</span><h3>${toRun(run)}</h3><span class="muted">in ${group === null ? 'a group' : html`<code>${name(group)}</code>`} since ${time(since)}${goesOn ? '' : html`; ${why}`}</span></div></li>`;
}

function hostCard(host: HostDocument): Html {
  const { has, asked, machines, templates, caches, snapshots, problems, left_out: leftOut } = host;
  const isUp = host.state === 'online';
  const count = (state: Machine['state']) => machines.filter((one) => one.state === state).length;
  const used = machines.filter(({ state }) => state !== 'pooled');
  const pooled = machines.filter(({ state }) => state === 'pooled');
  const facts: [string, string | null][] = [
    ['Cores', has === null ? null : `${tidy(asked.cpu)} of ${tidy(has.cpu)} asked for`],
    [
      'Memory',
      has === null ? null : `${sizeText(asked.memory_bytes)} of ${sizeText(has.memory_bytes)} asked for`,
    ],
    ['Machines', isUp ? `${count('running')} running, ${count('pooled')} that wait for a job` : null],
    ['Snapshots', snapshots === null ? null : `${snapshots}`],
    ['Free disk', host.free_disk_bytes === null ? null : sizeText(host.free_disk_bytes)],
  ];
  return html`<li><div class="head"><span class="status ${isUp ? 'passed' : 'failed'}"><span aria-hidden="true">${isUp ? '✓' : '✕'}</span> ${name(host.state)}</span><h3>${titleOf(host)}</h3></div>
${problems.map((problem) => html`<p class="problem">${name(problem)}</p>`)}
<dl class="facts">${facts.map(([term, value]) => (value === null ? '' : html`<div><dt>${term}</dt><dd>${value}</dd></div>`))}</dl>
${fold('Machines', used.length, used.map(machineLine), true)}
${fold('Machines that wait for a job', pooled.length, pooled.map(machineLine), false)}
${
  templates === null
    ? ''
    : fold(
        'Templates',
        templates.length,
        templates.map((one) => keptLine(one.name, one)),
        false,
      )
}
${
  caches === null
    ? ''
    : fold(
        'Caches',
        caches.length,
        caches.map((one) => keptLine(one.key, one, one.scope)),
        false,
      )
}
${leftOut === 0 ? '' : html`<p class="muted">${leftOut} more are not listed.</p>`}</li>`;
}

function fold(title: string, count: number, lines: readonly Html[], isOpen: boolean): Html {
  if (count === 0) return html``;
  return html`<details class="kept"${isOpen ? html` open` : ''}><summary>${title} (${count})</summary><ul>${lines}</ul></details>`;
}

function machineLine(one: Machine): Html {
  const asks = one.asks === null ? null : shareText(one.asks);
  const what =
    one.state === 'pooled'
      ? html`<code>${name(one.instance_name)}</code>`
      : html`${runLink(one)} <code>${name(one.instance_name)}</code>`;
  const how = {
    running: '',
    pooled: '',
    stopped: 'stopped; ',
    abandoned: 'its lease has ended, a reaper will remove it; ',
  };
  return html`<li>${what} <span class="muted">${how[one.state]}${asks === null ? '' : `asks for ${asks}; `}${one.since === null ? '' : html`since ${time(one.since)}; `}lease until ${time(one.lease_ends_at)}</span></li>`;
}

function keptLine(
  text: string,
  {
    bytes,
    last_used_at: at,
    in_use: inUse,
  }: { readonly bytes: number | null; readonly last_used_at: string; readonly in_use: boolean },
  scope?: string,
): Html {
  const said = scope === undefined || scope === 'trusted' ? '' : html`${name(scope)}; `;
  return html`<li><code>${name(text)}</code> <span class="muted">${said}${bytes === null ? '' : `${sizeText(bytes)}; `}${inUse ? 'in use' : html`last used ${time(at)}`}</span></li>`;
}

function titleOf({ host, member }: HostDocument): Html {
  return member === null ? name(host) : html`${name(member)} <span class="muted">${name(host)}</span>`;
}

function runLink({ run_id: run, job_id: job }: { readonly run_id: string; readonly job_id: string }): Html {
  return html`${toRun(run)} ${name(job)}`;
}

/** It may be of another state root, and then there is no such page. */
function toRun(run: string): Html {
  return html`<a href="/runs/${encoded(run)}">${name(run)}</a>`;
}

function shareText({ cpu, memory_bytes: memory }: Share): string {
  const cores = cpu === 0 ? [] : [cpu === 1 ? '1 core' : `${tidy(cpu)} cores`];
  return [...cores, ...(memory === 0 ? [] : [sizeText(memory)])].join(' and ') || 'nothing';
}

const tidy = (number: number) => `${Number(number.toFixed(2))}`;

function time(at: string): Html {
  return html`<time datetime="${at}">${name(timeText(at))}</time>`;
}
