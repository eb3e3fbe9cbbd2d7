import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunActions } from '../../src/domain/target/run-actions.js';
import { sampleHosts } from '../support/sample-hosts.js';
import { served } from '../support/served.js';
import { keepScreenshot, type Look, launchChromium, openPage } from './chromium.js';
import { FAILED, GOING, PASSED, writeGoing, writeSampleRuns } from './sample-runs.js';

const LOOKS: Readonly<Record<string, Look>> = {
  desktop: {},
  'desktop-dark': { dark: true },
  phone: { width: 390, height: 844 },
  'phone-dark': { width: 390, height: 844, dark: true },
};
const PAGES = {
  runs: '/',
  run: `/runs/${PASSED}`,
  'run-going': `/runs/${GOING}`,
  log: `/runs/${PASSED}/logs/unit`,
  'log-line': `/runs/${PASSED}/logs/unit#L42`,
  'run-steps': `/runs/${FAILED}`,
  'run-actions': `/runs/${FAILED}?begun=20260101-000000-again`,
  'log-steps': `/runs/${FAILED}/logs/unit`,
  'log-search': `/runs/${PASSED}/logs/unit?q=part-4`,
  hosts: '/hosts',
  refusal: '/runs/20260101-000000-nobody',
} as const;

/** Of the page as a whole, in CSS pixels. */
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
/** Links and buttons that a finger could hardly hit: less than 24 pixels high (WCAG 2.2, 2.5.8); lines of a log are text. */
const SMALL = `[...document.querySelectorAll('a:not(.number), button, summary, input:not([type=hidden])')]
  .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)`;
/** Elements with text of their own whose contrast with the ground below is less than 4.5 (WCAG 2.2, 1.4.3). */
const FAINT = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * x + .7152 * y + .0722 * z; };
  const ground = (one) => { for (let at = one; at; at = at.parentElement) { const c = rgba(getComputedStyle(at).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255, 255]; };
  return [...document.querySelectorAll('main *, header *')]
    .filter((one) => !one.closest('[aria-hidden]') && one.offsetParent !== null && [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== ''))
    .map((one) => { const a = light(rgba(getComputedStyle(one).color)), b = light(ground(one)); return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), one.className + ': ' + one.textContent.slice(0, 40)]; })
    .filter(([ratio]) => ratio < 4.5).map(([ratio, what]) => ratio.toFixed(2) + ' ' + what);
})()`;

const TOKEN = 'a-token-of-some-length';
const actionsThat = (asked: string[] = []): RunActions => ({
  cancel: async (runId) => {
    asked.push(`cancel ${runId}`);
    return { kind: 'done' };
  },
  again: async (runId, how) => {
    asked.push(`${how} ${runId}`);
    return { kind: 'begun', runId: '20260101-000000-again' };
  },
  noteOf: () => null,
});

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe.each(Object.entries(LOOKS))('in a browser, %s', (lookName, look) => {
  it.each(Object.entries(PAGES))('the page "%s" fits, can be read and be touched', async (pageName, path) => {
    const isForActions = pageName === 'run-actions';
    const server = isForActions
      ? await served(TOKEN, { actions: actionsThat() })
      : await served(null, { hosts: { seen: async () => sampleHosts() } });
    await writeSampleRuns(server.stateRoot);
    await writeGoing(server.stateRoot);
    const { page, problems } = await openPage(browser, {
      ...look,
      ...(isForActions ? { password: TOKEN } : {}),
    });
    await page.goto(server.url + path);
    await page.locator('h1').waitFor();
    await keepScreenshot(page, `${pageName}-${lookName}`, !pageName.startsWith('log'));
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    expect(await page.evaluate(SMALL)).toEqual([]);
    expect(await page.evaluate(FAINT)).toEqual([]);
    const expected = pageName === 'refusal' ? [expect.stringContaining('404')] : [];
    expect(problems).toEqual(expected);
  });
});

it('what may be done to a run is done with the keyboard alone, with and without script, and the page says what came of it', async () => {
  const asked: string[] = [];
  const server = await served(TOKEN, { actions: actionsThat(asked) });
  await writeSampleRuns(server.stateRoot);
  await writeGoing(server.stateRoot);
  for (const script of [true, false]) {
    const { page, problems } = await openPage(browser, { script, password: TOKEN });
    await page.goto(`${server.url}/runs/${FAILED}`);
    await page.getByRole('button', { name: 'Run again what has not passed' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('It is run again as').waitFor();
    await page.goto(`${server.url}/runs/${GOING}`);
    await page.getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => asked.length).toBe(script ? 2 : 4);
    expect(problems).toEqual([]);
  }
  expect(asked).toEqual([...Array(2).fill([`rerun-failed ${FAILED}`, `cancel ${GOING}`])].flat());
});
