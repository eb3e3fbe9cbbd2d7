import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobStepRecord } from '../../src/domain/job/step-record.js';
import { runningStep, skippedStep, stepRecord, writeSteps } from '../support/job-steps.js';
import { runJobRecord } from '../support/recorded-run.js';
import { served } from '../support/served.js';
import { launchChromium, openPage } from './chromium.js';
import { FAILED, GOING, goingRecord, writeGoing, writeSampleRuns } from './sample-runs.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe.each([true, false])('the steps of a run that has ended (script: %s)', (script) => {
  it('lead to their place in the log, where what did not pass is open', async () => {
    const server = await served();
    await writeSampleRuns(server.stateRoot);
    const { page, problems } = await openPage(browser, { script });
    await page.goto(`${server.url}/runs/${FAILED}`);
    await page.locator('.steps').getByRole('link', { name: 'Compile' }).click();
    await page.locator('#step-compile[open]:target').waitFor();
    await page.getByText('compiling part 59', { exact: false }).waitFor();
    expect(await page.locator('#step-fetch[open]').count()).toBe(0);
    expect(await page.locator('#step-test[open]').count()).toBe(1);
    await page.locator('#step-fetch summary').click();
    await page.getByText('fetched it').waitFor();
    expect(await page.locator('#step-deploy').textContent()).toContain('the step test failed');
    expect(problems).toEqual([]);
  });

  it('open for the address of a line that a fold hides', async () => {
    const server = await served();
    await writeSampleRuns(server.stateRoot);
    const { page } = await openPage(browser, { script });
    await page.goto(`${server.url}/runs/${FAILED}/logs/unit?line=1`);
    await page.locator('#step-fetch[open] #L1:target').waitFor();
    expect(await page.locator('#step-compile[open]').count()).toBe(0);
    await page.goto(`${server.url}/runs/${FAILED}/logs/unit?q=part+17`);
    await page.locator('.line .number').click();
    await page.locator('#step-compile[open] #L19:target').waitFor();
  });
});

describe('the steps of a job that runs', () => {
  async function following(steps: readonly JobStepRecord[]) {
    const server = await served();
    const dir = await writeGoing(server.stateRoot);
    await writeSteps(dir, 'unit', steps);
    const { page, problems } = await openPage(browser);
    await page.goto(`${server.url}/runs/${GOING}/logs/unit`);
    await page.locator('#connection[data-state="live"]').waitFor();
    const end = (ended: readonly JobStepRecord[]) => {
      const jobs = [runJobRecord('unit', { steps: [...ended] }), runJobRecord('package')];
      const record = goingRecord({ status: 'passed', finished_at: new Date().toISOString(), jobs });
      return writeFile(join(dir, 'run.json'), JSON.stringify(record));
    };
    return { dir, page, problems, end, log: join(dir, 'jobs/unit/guest.log') };
  }
  // What `writeGoing` writes has 23 bytes.
  const BUILT = stepRecord('build', { log_start: 0, log_end: 23 });

  it('get folds as they begin and lines as they come, and the page is what it is when it is loaded again', async () => {
    const { dir, page, problems, end, log } = await following([runningStep('build', 0)]);
    await page.locator('#step-build[open] #L2').waitFor();
    await writeSteps(dir, 'unit', [BUILT, runningStep('test', 23)]);
    await page.locator('#step-build.passed .status.passed').waitFor();
    await page.locator('#step-test.running[open]').waitFor();
    await appendFile(log, 'line 3\nline 4');
    await page.locator('#step-test #L4.tail').waitFor();
    await appendFile(log, ' and more\n');
    await page.locator('#step-test #L4:not(.tail)').waitFor();
    const tests = stepRecord('test', { status: 'failed', exit_code: 2, log_start: 23, log_end: 46 });
    const steps = [BUILT, tests, skippedStep('deploy', 'the step test failed')];
    await end(steps);
    await page.locator('#step-test.failed', { hasText: 'exit code 2' }).waitFor();
    await page.locator('#step-deploy.skipped').waitFor();
    await page.locator('#follow').waitFor({ state: 'hidden' });
    // A fold is the reader's to close.
    await page.locator('#step-build summary').click();
    const live = await page.locator('#log').innerHTML();
    await page.reload();
    expect(await page.locator('#log').innerHTML()).toBe(live);
    expect(problems).toEqual([]);
  });

  it('take the lines that came before it was known that they had begun', async () => {
    const { dir, page, end, log } = await following([]);
    await page.locator('#log > pre > #L2').waitFor();
    await appendFile(log, 'line 3\nline 4\n');
    await page.locator('#log > pre > #L4').waitFor();
    await writeSteps(dir, 'unit', [BUILT, runningStep('test', 23)]);
    await page.locator('#step-test #L4').waitFor();
    const places = `[...document.querySelectorAll('.line')].map(({ id, parentElement }) => parentElement.parentElement.id + ' ' + id)`;
    expect(await page.evaluate(places)).toEqual([
      'step-build L1',
      'step-build L2',
      'step-test L3',
      'step-test L4',
    ]);
    await end([BUILT, stepRecord('test', { log_start: 23, log_end: 37 })]);
    await page.locator('#follow').waitFor({ state: 'hidden' });
    for (const id of ['build', 'test'])
      expect(await page.locator(`#step-${id} .status.passed`).count()).toBe(1);
    expect(await page.locator('#log > pre').count()).toBe(0);
  });

  it('of earlier parts are not brought into the last one', async () => {
    const { dir, page, log } = await following([]);
    const text = 'a line.\n'.repeat(40_000);
    await writeFile(log, text);
    await writeSteps(dir, 'unit', [
      stepRecord('early', { log_start: 0, log_end: 800 }),
      stepRecord('through', { log_start: 800, log_end: text.length }),
      runningStep('now', text.length),
    ]);
    await page.reload();
    await page.locator('#connection[data-state="live"]').waitFor();
    await appendFile(log, 'new\n');
    await page.locator('#step-now #L40001').waitFor();
    expect(await page.locator('#step-early').count()).toBe(0);
    expect(await page.locator('#step-through .line').count()).toBe(40_000 - 32_768);
  });
});
