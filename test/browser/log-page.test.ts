import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { served } from '../support/served.js';
import { launchChromium, openPage } from './chromium.js';
import { PASSED, writeSampleRuns } from './sample-runs.js';

const LOG = `/runs/${PASSED}/logs/unit`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function withLog(text: string | Uint8Array) {
  const server = await served();
  await writeSampleRuns(server.stateRoot);
  await writeFile(join(server.stateRoot, 'runs', PASSED, 'jobs/unit/guest.log'), text);
  return server;
}

describe('the lines of a log', () => {
  it.each([true, false])('are marked and linked by a click on the number (script: %s)', async (script) => {
    const server = await withLog('line\n'.repeat(100));
    const { page, problems } = await openPage(browser, { script });
    await page.goto(server.url + LOG);
    await page.locator('#L42 .number').click();
    await page.locator('#L42:target').waitFor();
    expect(page.url()).toBe(`${server.url}${LOG}?kind=guest&part=0#L42`);
    const other = await openPage(browser, { script });
    await other.page.goto(page.url());
    await other.page.locator('#L42:target').waitFor();
    expect(await other.page.locator('#L42').boundingBox()).toMatchObject({ y: expect.any(Number) });
    expect(problems).toEqual([]);
  });

  it('are found in the whole log, and lead to where they stand', async () => {
    const server = await withLog(
      `${'some line\n'.repeat(60_000)}the \u001b[31mNEEDLE\u001b[0m here\n${'more\n'.repeat(90_000)}`,
    );
    const { page } = await openPage(browser);
    await page.goto(server.url + LOG);
    await page.getByRole('searchbox').fill('needle here');
    await page.keyboard.press('Enter');
    await page.locator('mark', { hasText: 'NEEDLE here' }).waitFor();
    expect(await page.locator('.line').count()).toBe(1);
    await page.locator('.line .number').click();
    await page.locator('#L60001:target .fg-red', { hasText: 'NEEDLE' }).waitFor();
    await page.getByRole('link', { name: 'Later' }).click();
    await page.getByText('Part 4 of 5').waitFor();
    expect(await page.locator('.line').first().textContent()).toMatch(/^\d+more\n$/);
  });

  it('lead to their part when an address has the number alone', async () => {
    const server = await withLog('some line\n'.repeat(60_000));
    const { page } = await openPage(browser);
    await page.goto(`${server.url}${LOG}#L42`);
    await page.locator('#L42:target').waitFor();
    expect(new URL(page.url()).searchParams.get('part')).toBe('0');
  });

  it('are given to the clipboard without their numbers', async () => {
    const server = await withLog('one\ntwo\n');
    const { page } = await openPage(browser);
    await page.goto(server.url + LOG);
    const selected = await page.evaluate(`(() => {
      getSelection().selectAllChildren(document.getElementById('log'));
      return getSelection().toString();
    })()`);
    expect(selected).toBe('one\ntwo');
  });
});
