import { ok } from 'neverthrow';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenTerminal } from '../../src/application/machine/guest-shell.js';
import type { RunActions } from '../../src/domain/target/run-actions.js';
import { echoShell } from '../support/echo-shell.js';
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
  terminal: `/runs/${FAILED}/jobs/unit/terminal`,
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
/** What a machine may try: another title, a link, a file, the clipboard, and what is drawn as text. */
const HOSTILE =
  '\u001b]0;owned\u0007\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 \u001b]52;c;b3duZWQ=\u0007<img src=x onerror=alert(2)>\r\n\u001b[31mred\u001b[0m \u001b[1mbold\u001b[0m ready> ';
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
    const isForActions = pageName === 'run-actions' || pageName === 'terminal';
    const server = isForActions
      ? await served(TOKEN, { actions: actionsThat(), terminal: async () => ok(echoShell(HOSTILE, [])) })
      : await served(null, { hosts: { seen: async () => sampleHosts() } });
    await writeSampleRuns(server.stateRoot);
    await writeGoing(server.stateRoot);
    const { page, problems } = await openPage(browser, {
      ...look,
      ...(isForActions ? { password: TOKEN } : {}),
    });
    await page.goto(server.url + path);
    await page.locator('h1').waitFor();
    if (pageName === 'terminal') await page.getByText('ready>').waitFor();
    await keepScreenshot(page, `${pageName}-${lookName}`, !pageName.startsWith('log'));
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    expect(await page.evaluate(SMALL)).toEqual([]);
    expect(await page.evaluate(FAINT)).toEqual([]);
    const expected = pageName === 'refusal' ? [expect.stringContaining('404')] : [];
    expect(problems).toEqual(expected);
  });
});

it('a terminal is used with the keyboard alone, is left by it, grows with its window, and says how it ended', async () => {
  const said: string[] = [];
  const terminal: OpenTerminal = async ({ columns, rows }) => {
    said.push(`opened ${columns > 40 && rows > 10}`);
    return ok(echoShell(HOSTILE, said));
  };
  const server = await served(TOKEN, { terminal });
  await writeSampleRuns(server.stateRoot);
  const { page, problems } = await openPage(browser, { password: TOKEN });
  await page.goto(`${server.url}/runs/${FAILED}`);
  await page.getByRole('link', { name: 'Terminal' }).first().focus();
  await page.keyboard.press('Enter');
  await page.getByText('ready>').waitFor();
  await page.keyboard.type('echo hi');
  await page.keyboard.press('Tab');
  await expect.poll(() => said.join(' ')).toContain('typed "\\t"');
  await page.getByText('echo hi').waitFor();
  await page.setViewportSize({ width: 700, height: 600 });
  await expect.poll(() => said).toContain('resized true');
  await page.keyboard.press('Control+F6');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('pikaci');
  await page.locator('#terminal textarea').focus();
  await page.keyboard.press('Control+D');
  await page.getByText('It is over: the shell has ended with status 7').waitFor();
  expect(await page.title()).toContain('Terminal in unit');
  await page.getByRole('button', { name: 'Connect again' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => said.filter((one) => one === 'opened true')).toHaveLength(2);
  expect(said).not.toContain('opened false');
  expect(problems).toEqual([]);
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
