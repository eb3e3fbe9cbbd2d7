import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobRecord } from '../support/job-record.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../support/recorded-run.js';
import { served } from '../support/served.js';
import { keepScreenshot, launchChromium, openPage } from './chromium.js';

const LOG = `/runs/${RUN_ID}/logs/unit`;
/** Each says so when it runs. */
const ATTACKS = [
  '<script>alert("script")</script>',
  '<img src=x onerror=alert("img")>',
  '"\'><svg onload=alert("svg")>',
  '" onmouseover="alert(1)" autofocus onfocus="alert(2)" x="',
  '</span></pre></main><iframe srcdoc="<script>parent.alert(3)</script>"></iframe>',
  '<a href="javascript:alert(4)">click</a><base href="//evil.example/"><meta http-equiv="refresh" content="0;url=//evil.example">',
  '<form action="//evil.example"><button>x</button></form><link rel="stylesheet" href="//evil.example/x.css">',
  '&lt;script&gt;alert(5)&lt;/script&gt; &#x3c;b&#x3e;',
  '{{constructor.constructor("alert(6)")()}} ${alert(7)} <!-- --><![CDATA[',
];
const BIDI = 'access \u202e\u2066// if admin\u2069 \u2066 granted\u202c \u200f end';
const ANSI = [
  '\u001b[31m<b>red\u001b[38;2;1;2;3"onclick=alert(8)mtrue\u001b[0m',
  `${'\u001b[1m'.repeat(500)}bold\u001b[0m`,
  '\u001b]0;title\u0007\u001b]8;;javascript:alert(9)\u001b\\link\u001b]8;;\u001b\\',
  '\u001b[2J\u001b[H\u001b[999;999H\u001b[?25l gone? \u001b[8mhidden\u001b[28m',
  '\u001b[38;5;<script>alert(10)</script>m',
  'progress 1%\rprogress 2%\rdone',
];
const NAME = `${ATTACKS[0]}${ATTACKS[1]}${ATTACKS[2]}\u202e\u0000\u001b[31m`;

/** What only HTML of an attack would have brought into the page. */
const FOREIGN = `[...document.querySelectorAll('script:not([src="/script/live.js"]), img, iframe, base, object, embed, style, [onerror], [onload], [onmouseover], [onfocus], [onclick], [style], [autofocus], a[href^="javascript:"], a[href*="evil"], form[action*="evil"], link[href*="evil"], meta[http-equiv]')].map((one) => one.outerHTML)`;
const WIDER = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function writeHostileRun(
  stateRoot: string,
  log: string | Uint8Array,
  status: 'passed' | 'running' = 'passed',
) {
  const dir = await writeRun(stateRoot);
  const job = { description: NAME, message: NAME, ...(status === 'running' ? { status } : {}) };
  const record = runRecord({
    status,
    finished_at: status === 'running' ? null : '2026-11-23T16:45:10.000Z',
    target_id: NAME,
    target_description: NAME,
    host: NAME,
    git_branch: NAME,
    git_head: NAME,
    rerun_of: NAME,
    message: NAME,
    created_at: NAME,
    jobs: [runJobRecord('unit', job), runJobRecord('x', { id: NAME, status: 'failed', message: NAME })],
  });
  await writeFile(join(dir, 'run.json'), JSON.stringify(record));
  const output = {
    node_id: NAME,
    installable: NAME,
    output_name: NAME,
    protocol: 'host_path_v1',
    realized_path: NAME,
  };
  await writeFile(
    join(dir, 'prepared-outputs.json'),
    JSON.stringify({ schema_version: 1, outputs: [output] }),
  );
  // With an outcome of its own the job would have ended.
  if (status === 'passed')
    await writeFile(join(dir, 'jobs/unit/job.json'), JSON.stringify(jobRecord({}, [NAME, 'page.html'])));
  await mkdir(join(dir, 'jobs/unit/artifacts'), { recursive: true });
  await writeFile(join(dir, 'jobs/unit/artifacts/page.html'), '<script>alert("artifact")</script>');
  await writeFile(join(dir, 'jobs/unit/guest.log'), log);
  return dir;
}

async function isHarmless(page: Page, problems: readonly string[]): Promise<void> {
  // Whatever would run, would have when the page is idle: what an attack loads has failed by then.
  await page.waitForLoadState('networkidle');
  expect(await page.evaluate(FOREIGN)).toEqual([]);
  expect(await page.evaluate(WIDER)).toBe(0);
  expect(problems).toEqual([]);
}

describe('what a guest or a record says', () => {
  it.each([
    '/',
    `/runs/${RUN_ID}`,
    `/?branch=x%22%3E%3Cscript%3E`,
    `/runs/${encodeURIComponent('<script>alert(1)')}`,
  ])('is text on the page %s, and never more', async (path) => {
    const server = await served();
    await writeHostileRun(server.stateRoot, '');
    const { page, problems } = await openPage(browser, { width: 390, height: 800 });
    await page.goto(server.url + path);
    await isHarmless(
      page,
      problems.filter((problem) => !/40[04]/.test(problem)),
    );
    if (path === `/runs/${RUN_ID}`) await keepScreenshot(page, 'hostile-run-phone', true);
  });

  it('is text in a log', async () => {
    const server = await served();
    const lines = [...ATTACKS, ...ANSI, BIDI, 'a\u0000b\u0007c\u0085d\u2028e'].map((line) =>
      Buffer.from(`${line}\n`),
    );
    const invalid = Buffer.from([0x66, 0xc0, 0xae, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0x0a]);
    await writeHostileRun(server.stateRoot, Buffer.concat([...lines, invalid, Buffer.from('last')]));
    const { page, problems } = await openPage(browser, { width: 390, height: 800 });
    for (const query of [
      '',
      `?q=${encodeURIComponent('alert(')}`,
      `?q=${encodeURIComponent('"><script>alert(1)')}`,
    ]) {
      await page.goto(server.url + LOG + query);
      await isHarmless(page, problems);
    }
    await page.goto(server.url + LOG);
    for (const [index, attack] of ATTACKS.entries())
      expect(await page.locator(`#L${index + 1}`).textContent()).toBe(`${index + 1}${attack}\n`);
    expect(await page.locator('#log').textContent()).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
    );
    await page.locator('.unseen', { hasText: 'U+202E' }).waitFor();
    await page.getByText('hidden').waitFor();
    await keepScreenshot(page, 'hostile-log-phone', true);
  });

  it('is text in lines that come live', async () => {
    const server = await served();
    const dir = await writeHostileRun(server.stateRoot, '', 'running');
    const { page, problems } = await openPage(browser);
    await page.goto(server.url + LOG);
    await page.locator('#connection[data-state="live"]').waitFor();
    for (const [index, line] of [...ATTACKS, ...ANSI, BIDI].entries()) {
      await appendFile(join(dir, 'jobs/unit/guest.log'), `${line}\n`);
      await page.locator(`#L${index + 1}:not(.tail)`).waitFor();
    }
    expect(await page.evaluate(FOREIGN)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('can be a line of 1 MB, of which the beginning is shown', async () => {
    const server = await served();
    await writeHostileRun(server.stateRoot, `first\n${'<b>x'.repeat(262_144)}\nlast\n`);
    const { page, problems } = await openPage(browser, { width: 390, height: 800 });
    await page.goto(`${server.url}${LOG}?part=0`);
    await page.locator('#L2 .cut').waitFor();
    expect((await page.locator('#L2').textContent())?.length).toBeLessThan(70_000);
    await isHarmless(page, problems);
    await page.getByRole('link', { name: 'Last' }).click();
    await page.locator('#L3', { hasText: 'last' }).waitFor();
    await page.goto(`${server.url}${LOG}?part=2`);
    await page.getByText('A long line goes on through this part').waitFor();
    await isHarmless(page, problems);
  });

  it('is saved, not opened, when it is a file', async () => {
    const server = await served();
    await writeHostileRun(server.stateRoot, '');
    const { page, problems } = await openPage(browser);
    await page.goto(`${server.url}/runs/${RUN_ID}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'page.html' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('page.html');
    expect(await readFile(await download.path(), 'utf8')).toContain('artifact');
    await isHarmless(page, problems);
  });

  it('is text when the log is opened raw', async () => {
    const server = await served();
    await writeHostileRun(server.stateRoot, `<html><script>alert(1)</script>\n`);
    const { page, problems } = await openPage(browser);
    await page.goto(`${server.url}${LOG}/raw`);
    expect(await page.locator('body').textContent()).toContain('<script>alert(1)</script>');
    expect(await page.evaluate('document.contentType')).toBe('text/plain');
    expect(problems).toEqual([]);
  });
});

describe('a page of another site', () => {
  it('gets nothing: no frame, no answer to a script, no image, no style', async () => {
    const server = await served();
    await writeHostileRun(server.stateRoot, 'secret\n');
    const { page } = await openPage(browser);
    // Under another name that leads to this machine, too: another origin, on the same site as nothing of ours.
    await page.route('http://evil.test/**', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<h1>evil</h1><iframe src="${server.url}/"></iframe>`,
      }),
    );
    await page.goto('http://evil.test/');
    const tried = await page.evaluate(`Promise.all([
      fetch('${server.url}/news/api/forge/pikaci/run/${RUN_ID}').then(() => 'read', () => 'refused'),
      fetch('${server.url}${LOG}/raw', { mode: 'no-cors' }).then((answer) => answer.type, () => 'refused'),
      new Promise((resolve) => { const source = new EventSource('${server.url}${LOG}/lines'); source.onopen = () => resolve('open'); source.onerror = () => resolve('refused'); }),
      new Promise((resolve) => { const script = document.createElement('script'); script.src = '${server.url}/script/merge.js'; script.onload = () => resolve('ran'); script.onerror = () => resolve('refused'); document.head.append(script); }),
    ])`);
    expect(tried).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(await page.frameLocator('iframe').locator('.runs').count()).toBe(0);
  });
});
