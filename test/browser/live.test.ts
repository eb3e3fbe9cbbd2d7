import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../src/composition/serve.js';
import { runJobRecord } from '../support/recorded-run.js';
import { type Served, served } from '../support/served.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keepScreenshot, launchChromium, openPage } from './chromium.js';
import { GOING, goingRecord, writeGoing } from './sample-runs.js';

const LOG = `/runs/${GOING}/logs/unit`;
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');
/** What the page shows of the log: number and text of each line, in its order. */
const SHOWN = `[...document.querySelectorAll('#log .line')].map((line) => line.id + ' ' + line.textContent.slice(line.firstChild.textContent.length))`;
const shownUpTo = (last: number) =>
  Array.from({ length: last }, (_, index) => `L${index + 1} line ${index + 1}\n`);
const AT_END = 'innerHeight + scrollY >= document.documentElement.scrollHeight - 2';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function goingServed(
  token: string | null = null,
): Promise<{ server: Served; dir: string; log: string }> {
  const server = await served(token);
  const dir = await writeGoing(server.stateRoot);
  return { server, dir, log: join(dir, 'jobs/unit/guest.log') };
}

function end(dir: string, status: 'passed' | 'failed'): Promise<void> {
  const jobs = [
    runJobRecord('unit', { status, exit_code: status === 'passed' ? 0 : 1 }),
    runJobRecord('package'),
  ];
  const record = goingRecord({ status, finished_at: new Date().toISOString(), jobs });
  return writeFile(join(dir, 'run.json'), JSON.stringify(record));
}

/** The script is at work: the server has sent the first bytes of a stream. */
async function isLive(page: Page): Promise<void> {
  await page.locator('#connection[data-state="live"]').waitFor();
}

describe('the page of a log that grows', () => {
  it('gets lines as they are written, with their colours, and a line that has not ended as it becomes longer', async () => {
    const { server, dir, log } = await goingServed();
    const { page, problems } = await openPage(browser);
    await page.goto(server.url + LOG);
    await isLive(page);
    await appendFile(log, '\u001b[31mred\nstill red\u001b[0m\nhalf a ');
    await page.locator('#L4 .fg-red', { hasText: 'still red' }).waitFor();
    await page.locator('#L5.tail', { hasText: 'half a' }).waitFor();
    await appendFile(log, 'line\nand m\u00fc');
    await page.locator('#L5:not(.tail)', { hasText: 'half a line' }).waitFor();
    await page.locator('#L6.tail', { hasText: 'and m\u00fc' }).waitFor();
    await end(dir, 'passed');
    await page.locator('#head .status.passed').waitFor();
    await page.locator('#follow').waitFor({ state: 'hidden' });
    const live = await page.locator('#log').innerHTML();
    await page.reload();
    // What came line by line is what the whole page has; only that the last line may go on is over.
    expect(await page.locator('#log').innerHTML()).toBe(live);
    expect(problems).toEqual([]);
  });

  it('follows the end until the reader scrolls up, and again when they are back there', async () => {
    const { server, log } = await goingServed();
    await writeFile(log, numbered(1, 300));
    const { page } = await openPage(browser, { height: 500 });
    await page.goto(server.url + LOG);
    await isLive(page);
    const follow = page.getByRole('button', { name: 'Follow the end' });
    expect(await page.evaluate(AT_END)).toBe(true);
    await appendFile(log, numbered(301, 400));
    await page.locator('#L400').waitFor();
    await expect.poll(() => page.evaluate(AT_END)).toBe(true);
    expect(await follow.getAttribute('aria-pressed')).toBe('true');
    await keepScreenshot(page, 'log-going-desktop', false);
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, -1500);
    await page.locator('#follow[aria-pressed="false"]').waitFor();
    const where = await page.evaluate('scrollY');
    await appendFile(log, numbered(401, 500));
    await page.locator('#L500').waitFor();
    expect(await page.evaluate('scrollY')).toBe(where);
    await follow.click();
    expect(await page.evaluate(AT_END)).toBe(true);
    await page.keyboard.press('Home');
    await page.locator('#follow[aria-pressed="false"]').waitFor();
    await page.keyboard.press('End');
    await page.locator('#follow[aria-pressed="true"]').waitFor();
  });

  it('neither misses nor doubles a line when the server is away for a while', async () => {
    await using root = await temporaryDirectory();
    const dir = await writeGoing(root.path);
    const log = join(dir, 'jobs/unit/guest.log');
    await writeFile(log, numbered(1, 3));
    const first = (await serve(root.path, { host: '127.0.0.1', port: 0, token: null }))._unsafeUnwrap();
    const port = Number(new URL(first.url).port);
    const { page } = await openPage(browser);
    await page.goto(first.url + LOG);
    await isLive(page);
    await appendFile(log, `${numbered(4, 6)}li`);
    await page.locator('#L7.tail').waitFor();
    await first.close();
    await page.locator('#connection[data-state="lost"]').waitFor();
    await appendFile(log, `ne 7\n${numbered(8, 9)}`);
    await using again = (await serve(root.path, { host: '127.0.0.1', port, token: null }))._unsafeUnwrap();
    await page.locator('#L9').waitFor();
    await isLive(page);
    await appendFile(log, numbered(10, 11));
    await page.locator('#L11').waitFor();
    expect(await page.evaluate(SHOWN)).toEqual(shownUpTo(11));
    expect(again.url).toBe(first.url);
  });

  it('comes back when the stream was refused, and after the page was out of sight', async () => {
    const { server, log } = await goingServed();
    await writeFile(log, numbered(1, 2));
    const { page, context } = await openPage(browser);
    let refused = 0;
    await page.route('**/lines?**', (route) => {
      refused += 1;
      return refused === 1 ? route.fulfill({ status: 503, body: 'full' }) : route.continue();
    });
    await page.goto(server.url + LOG);
    await appendFile(log, numbered(3, 4));
    await page.locator('#L4').waitFor();
    expect(refused).toBe(2);
    // No tab is hidden in a headless browser: the page is told so.
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await hide(true);
    await expect
      .poll(async () => (await server.get('/metrics')).text)
      .toContain('pikaci_event_streams_open 0\n');
    await appendFile(log, numbered(5, 6));
    await hide(false);
    await page.locator('#L6').waitFor();
    expect(await page.evaluate(SHOWN)).toEqual(shownUpTo(6));
    await context.close();
    await expect
      .poll(async () => (await server.get('/metrics')).text)
      .toContain('pikaci_event_streams_open 0\n');
  });

  it('is whole in the page of a log of many parts, and lets go of the first lines when there are too many', async () => {
    const { server, log } = await goingServed();
    await writeFile(log, numbered(1, 30_000));
    const { page } = await openPage(browser);
    await page.goto(server.url + LOG);
    await isLive(page);
    await appendFile(log, numbered(30_001, 60_000));
    await page.locator('#L60000').waitFor();
    await expect.poll(() => page.locator('#log .line').count()).toBe(20_000);
    expect(await page.locator('#log .line').first().textContent()).toContain('line 40001');
    await page.locator('#L59999 .number').click();
    const address = new URL(page.url());
    expect([address.search, address.hash]).toEqual(['?kind=guest&part=2', '#L59999']);
  });

  it('is live for who shows the token, too', async () => {
    const token = 'a-token-of-some-length';
    const { server, log } = await goingServed(token);
    const { page, problems } = await openPage(browser, { password: token });
    await page.goto(server.url + LOG);
    await isLive(page);
    await appendFile(log, 'more\n');
    await page.locator('#L3', { hasText: 'more' }).waitFor();
    expect(problems.filter((problem) => !problem.includes('401'))).toEqual([]);
  });
});

describe('the page of a run that goes on', () => {
  it('changes in place: phases, jobs, the status; what the reader opened stays open', async () => {
    const { server, dir } = await goingServed();
    const { page, problems } = await openPage(browser);
    await page.goto(`${server.url}/runs/${GOING}`);
    await isLive(page);
    const row = page.locator('.waterfall details', { hasText: 'unit' });
    await row.locator('summary').click();
    expect(await row.locator('.bar.going').count()).toBe(1);
    await page.evaluate(`window.stays = document.getElementById('job-unit')`);
    const event = { schema_version: 1, run_id: GOING, job_id: 'unit', at: new Date().toISOString() };
    const finished = {
      ...event,
      type: 'phase_finished',
      phase: 'wait_for_completion',
      duration_ms: 900,
      ok: true,
    };
    const started = { ...event, type: 'phase_started', phase: 'collect_artifacts' };
    await appendFile(join(dir, 'events.jsonl'), `${JSON.stringify(finished)}\n${JSON.stringify(started)}\n`);
    await row.locator('li', { hasText: 'collect artifacts' }).waitFor();
    expect(await row.getAttribute('open')).not.toBeNull();
    await end(dir, 'failed');
    await page.locator('#run > .head .status.failed').waitFor();
    await page.locator('#job-unit .status.failed').waitFor();
    await page.locator('#connection[data-state="ended"]').waitFor({ state: 'attached' });
    // The document is the one that was loaded.
    expect(await page.evaluate('window.stays.isConnected')).toBe(true);
    expect(problems).toEqual([]);
    await expect
      .poll(async () => (await server.get('/metrics')).text)
      .toContain('pikaci_event_streams_open 0\n');
  });

  it('changes in the list of runs', async () => {
    const { server, dir } = await goingServed();
    const { page, problems } = await openPage(browser);
    await page.goto(server.url);
    await page.locator('.runs .status.running').waitFor();
    await end(dir, 'passed');
    await page.locator('.runs .status.passed').waitFor();
    expect(problems).toEqual([]);
  });
});

describe('without script', () => {
  it.each(['/', `/runs/${GOING}`, LOG])(
    'the page %s can be read, and is loaded again while the run goes on',
    async (path) => {
      const { server, dir, log } = await goingServed();
      const { page, problems } = await openPage(browser, { script: false });
      await page.goto(server.url + path);
      await page.locator('.status.running').first().waitFor();
      expect(await page.locator('#follow:visible').count()).toBe(0);
      await appendFile(log, 'one more\n');
      await end(dir, 'passed');
      await page.locator('.status.passed').first().waitFor();
      if (path === LOG) await page.locator('#L3', { hasText: 'one more' }).waitFor();
      expect(problems).toEqual([]);
    },
  );
});
